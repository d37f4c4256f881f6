import { UsageError } from '../../core/errors.ts';
import { contentVectors } from '../../models/recommenders/content-vectors.ts';
import type { Recommender, TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import {
  type ClassicRecommender,
  type ClassicRecommenderName,
  classicRecommenderNames,
  classicRecommenders,
} from './classic-recommenders.ts';
import { type FitData, type FitOptions, type FittedRecommender, trainingRatings } from './fit-data.ts';
import { inParts } from './in-parts.ts';
import { modalitiesOf } from './neural-options.ts';
import { classicRecord } from './recommender-names.ts';
import { checkRecommenderOptions } from './recommender-options.ts';
import { partsOf, type RecommenderPart } from './recommender-parts.ts';
import { requiredFeatures } from './required-features.ts';
import type { StoreFeatures } from './store-features.ts';

/** What a recommender that is not neural learns from; its features may be those of a saved one. */
export type ClassicData = Omit<FitData, 'features'> & {
  readonly features?: FitData['features'] | StoreFeatures | undefined;
};

type Run = Pick<FitOptions, 'signal' | 'onMessage'>;

/**
 * Fits a recommender that is not neural; `trainSeconds` are those of `fit`, and a KNN computes its
 * similarities in `predict`.
 *
 * @throws UsageError when an option is out of range, or what it reads of the items is not there;
 * MissingFeaturesError when an item of the ratings has no features.
 */
export async function fitClassicRecommender(
  model: ClassicRecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  data: ClassicData,
  run: Run = {},
): Promise<FittedRecommender> {
  const ratings = trainingRatings(data, data.train);
  const started = performance.now();
  const recommender = await make(model, options, seed, data, ratings, run);
  await recommender.fit(ratings);
  return {
    name: model,
    predicts: recommender.predicts ?? 'ratings',
    trainSeconds: (performance.now() - started) / 1000,
    history: [],
    predict: (users, items) => inParts(recommender, 'predict', users, items, run),
    score: (users, items) => inParts(recommender, 'score', users, items, run),
    scoreNewUser:
      recommender.scoreNewUser &&
      (async (own, items) => (recommender.scoreNewUser as NonNullable<Recommender['scoreNewUser']>)(own, items)),
    itemFactors:
      recommender.itemFactors && (async () => (recommender.itemFactors as NonNullable<Recommender['itemFactors']>)()),
  };
}

async function make(
  model: ClassicRecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  data: ClassicData,
  ratings: TrainingRatings,
  run: Run,
): Promise<Recommender> {
  const entry = classicRecord(model);
  const parts: Recommender[] = [];
  for (const part of partsOf(entry.parts?.(options) ?? [])) {
    const name = partName(model, part);
    parts.push(await make(name, checkRecommenderOptions(name, part.options), seed, data, ratings, run));
  }
  const { modalities, components, streamWeights, ...own } = options;
  return entry.make({
    ...{ options: own, seed, parts, onMessage: run.onMessage, signal: run.signal, knownGenres: data.genres },
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
      return contentVectors(ratings, features, streams, { components: (components as number) ?? 20, seed, has });
    },
  });
}

function partName(model: ClassicRecommenderName, { name }: RecommenderPart): ClassicRecommenderName {
  const known = classicRecommenderNames.filter(
    (each) => (classicRecommenders[each] as ClassicRecommender).parts === undefined,
  );
  const found = known.find((each) => each === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `a part of ${model} must be a recommender that is not neural and has no parts, but is '${name}'`,
    {
      remedy: `Take one of ${known.join(', ')}.`,
    },
  );
}
