import { UsageError } from '../../core/errors.ts';
import { BlendRecommender } from '../../models/recommenders/blend.ts';
import { contentVectors } from '../../models/recommenders/content-vectors.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import type { WeightsByName } from '../../models/recommenders/neural/pretrained.ts';
import type { Recommender, TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { PairWork } from '../../models/recommenders/work.ts';
import type { Json } from '../graph.ts';
import {
  type ClassicRecommender,
  type ClassicRecommenderName,
  classicRecommenders,
  usualComponents,
} from './classic-recommenders.ts';
import { type FitInputs, type FitOptions, type FittedRecommender, trainingRatings } from './fit-data.ts';
import { inParts } from './in-parts.ts';
import { modalitiesOf, reductionOf } from './neural-options.ts';
import { NeuralPart } from './neural-part.ts';
import {
  classicRecord,
  isDefinedRecommender,
  isNeuralRecommender,
  type RecommenderName,
  recommenderNames,
} from './recommender-names.ts';
import { checkRecommenderOptions } from './recommender-options.ts';
import { partsOf, type RecommenderPart } from './recommender-parts.ts';
import { requiredFeatures } from './required-features.ts';

type Run = Pick<FitOptions, 'signal' | 'onMessage' | 'onProgress' | 'device'> & {
  /** The weights of a saved recommender with neural parts, which load them instead of learning. */
  readonly weights?: WeightsByName | undefined;
};

/** A recommender to fit, and the neural ones among its parts. */
interface Made {
  readonly recommender: Recommender;
  readonly networks: readonly NeuralPart[];
}

/**
 * Fits a recommender that is not neural; `trainSeconds` covers `fit` only, whereas a KNN computes
 * its similarities in `predict`.
 *
 * @throws UsageError when an option is out of range, or item data that it reads are missing;
 * MissingFeaturesError when an item of the ratings has no features.
 */
export async function fitClassicRecommender(
  model: ClassicRecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  data: FitInputs,
  run: Run = {},
): Promise<FittedRecommender> {
  const ratings = trainingRatings(data, data.train);
  const started = performance.now();
  const { recommender, networks } = await make(model, options, seed, data, ratings, run);
  const close = async () => {
    for (const network of networks) await network.close();
  };
  try {
    if (run.weights && recommender.restore) recommender.restore(ratings, run.weights);
    else await recommender.fit(ratings);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name: model,
    predicts: recommender.predicts ?? 'ratings',
    trainSeconds: (performance.now() - started) / 1000,
    history: [],
    privacy: recommender.guarantee,
    predict: (users, items) => inParts(recommender, 'predict', users, items, run),
    score: (users, items) => inParts(recommender, 'score', users, items, run),
    workOf: recommender.workOf && ((users, items, times) => recommender.workOf?.(users, items, times) as PairWork),
    checkNewUsers: recommender.checkNewUsers && ((asked) => recommender.checkNewUsers?.(asked)),
    scoreNewUser:
      recommender.scoreNewUser &&
      (async (own, items) => (recommender.scoreNewUser as NonNullable<Recommender['scoreNewUser']>)(own, items)),
    reasons: recommender.reasons && (async (users, items) => recommender.reasons?.(users, items) ?? []),
    reasonsForNewUser:
      recommender.reasonsForNewUser && (async (own, items) => recommender.reasonsForNewUser?.(own, items) ?? []),
    itemFactors:
      recommender.itemFactors && (async () => (recommender.itemFactors as NonNullable<Recommender['itemFactors']>)()),
    weights:
      networks.length > 0
        ? () => weightsOf(recommender, networks)
        : recommender.savedWeights &&
          (async () => (recommender.savedWeights as NonNullable<Recommender['savedWeights']>)()),
    close,
  };
}

/** The weights of its networks; for a blend, also the weights of its parts. */
async function weightsOf(recommender: Recommender, networks: readonly NeuralPart[]): Promise<WeightsByName> {
  const named = new Map<string, Float32Array>();
  for (const [at, network] of networks.entries()) {
    for (const [name, values] of await network.weights()) named.set(`${prefixOf(at)}${name}`, values);
  }
  if (recommender instanceof BlendRecommender) named.set(blendWeights, Float32Array.from(recommender.weights));
  return named;
}

const blendWeights = 'blend';

/** The prefix of the weight names of one of the networks. */
function prefixOf(network: number): string {
  return `network-${network + 1}/`;
}

/** The weights of one of the networks. */
function weightsOfNetwork(all: WeightsByName, network: number): WeightsByName {
  const prefix = prefixOf(network);
  const own = [...all].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, values]) => [name.slice(prefix.length), values]));
}

async function make(
  model: ClassicRecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  data: FitInputs,
  ratings: TrainingRatings,
  run: Run,
): Promise<Made> {
  const entry = classicRecord(model);
  const parts: Recommender[] = [];
  const networks: NeuralPart[] = [];
  for (const part of partsOf(entry.parts?.(options) ?? [])) {
    const name = partName(model, part);
    const ofPart = checkRecommenderOptions(name, part.options);
    if (!isNeuralRecommender(name)) {
      parts.push((await make(name, ofPart, seed, data, ratings, { ...run, weights: undefined })).recommender);
      continue;
    }
    const weights = run.weights && weightsOfNetwork(run.weights, networks.length);
    const network = new NeuralPart({ model: name, options: ofPart, seed, data, run, weights });
    networks.push(network);
    parts.push(network);
  }
  const { modalities, components, reduction, streamWeights, ...own } = options;
  const found = run.weights?.get(blendWeights);
  const recommender = await entry.make({
    ...{
      options: found === undefined ? own : { ...own, weights: [...found] },
      seed,
      parts,
      onMessage: run.onMessage,
      signal: run.signal,
      knownGenres: data.genres,
    },
    genres: () => {
      if (data.genres !== undefined) return data.genres;
      throw new UsageError(`recommender ${model} needs the genres of the items`, {
        remedy: 'Give a MovieLens directory, or a list of movies with genres.',
      });
    },
    vectors: () => {
      const features = requiredFeatures(model, data);
      features.check(ratings.items);
      const streams = modalitiesOf(features.modalities, modalities, undefined, streamWeights);
      const has = (item: number) => features.has(item);
      return contentVectors(ratings, features, streams, {
        components: (components as number) ?? usualComponents,
        ...{ seed, has, reduction: reductionOf(reduction) },
      });
    },
  });
  return { recommender, networks };
}

function partName(
  model: ClassicRecommenderName,
  { name }: RecommenderPart,
): ClassicRecommenderName | NeuralRecommenderName {
  const known = recommenderNames.filter(canBePart);
  const found = known.find((each) => each === name) as ClassicRecommenderName | NeuralRecommenderName | undefined;
  if (found !== undefined) return found;
  throw new UsageError(`a part of ${model} must be a recommender that has no parts itself, but is '${name}'`, {
    remedy: `Take one of ${known.join(', ')}.`,
  });
}

function canBePart(name: RecommenderName): boolean {
  if (isNeuralRecommender(name)) return true;
  return !isDefinedRecommender(name) && (classicRecommenders[name] as ClassicRecommender).parts === undefined;
}
