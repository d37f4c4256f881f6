import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, removeIfThere } from '../../core/atomic-file.ts';
import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { sha256 } from '../../core/hash.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { type ValidationOptions, withValidation } from '../../io/ratings/validation.ts';
import { neuralModule } from '../../models/recommenders/neural/neural-module.ts';
import { weightShapes } from '../../models/recommenders/neural/weight-shapes.ts';
import type { Json } from '../graph.ts';
import type { MessageAbout } from '../run-reports.ts';
import type { FitData, FitProgress, FittedRecommender } from './fit-data.ts';
import { fitRecommender } from './fit-recommender.ts';
import { neuralOptions } from './neural-options.ts';
import {
  checkRecommenderName,
  isNeuralRecommender,
  type RecommenderName,
  recommenderReadsFeatures,
} from './recommender-names.ts';
import { checkRecommenderOptions } from './recommender-options.ts';
import {
  type RecommenderFacts,
  readRecommenderFacts,
  type SavedRecommender,
  saveRecommender,
} from './saved-recommender.ts';
import { featureIdOf, StoreFeatures } from './store-features.ts';
import { readTrainingInputs, type TrainingInputs, type TrainingSources } from './training-sources.ts';
import { type ValidationFigures, validationWarnings } from './validation-figures.ts';

const checkpointName = 'checkpoint';
/** Steps between checkpoints unless said otherwise: about a minute of a small recommender. */
const checkpointSteps = 1000;

/** How a recommender is trained into a directory. */
export interface TrainOptions extends TrainingSources {
  readonly recommender: string;
  /** The recommender. What an interrupted training left there is resumed. */
  readonly out: string;
  readonly options?: Readonly<Record<string, Json>> | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /**
   * What is kept of the ratings for early stopping of neural recommenders; the other recommenders
   * learn from all. Default: a tenth, of recommenders that read features whole items, so that it is
   * held against new items that training stops, else at random.
   */
  readonly validation?: ValidationOptions | undefined;
  readonly logDirectory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  readonly onMessage?: ((message: string, about?: MessageAbout) => void) | undefined;
}

/** What a training gave. */
export interface TrainSummary {
  readonly model: RecommenderName;
  readonly out: string;
  readonly options: Readonly<Record<string, Json>>;
  readonly seed: number;
  readonly ratings: number;
  readonly validationRatings: number;
  readonly users: number;
  /** Items that have ratings. */
  readonly ratedItems: number;
  /** Items that nobody has rated and that the recommender can judge by their content. */
  readonly unratedItems: number;
  readonly leftOut: { readonly ratings: number; readonly items: number };
  readonly badLines: number;
  readonly trainSeconds: number;
  readonly epochs: number;
  readonly best?: { readonly epoch: number; readonly loss: number | null };
  /** Of neural recommenders with validation ratings: how they are predicted. */
  readonly validation?: ValidationFigures;
  /** Whether it continued from a checkpoint. */
  readonly resumed: boolean;
  /** Whether the directory held this very recommender already; then nothing was trained. */
  readonly alreadyTrained: boolean;
}

const known: KnownOptions<TrainOptions> = {
  ratings: true,
  movies: true,
  features: true,
  trailers: true,
  reading: true,
  recommender: true,
  out: true,
  options: true,
  seed: true,
  validation: true,
  logDirectory: true,
  signal: true,
  onProgress: true,
  onMessage: true,
};

/**
 * Trains a recommender on all ratings and saves it. A neural recommender leaves a checkpoint in the
 * directory after each epoch and every 1000 steps; stopped at any moment and run again, it ends
 * with the same weights. When the recommender is saved the checkpoint is removed.
 *
 * @throws UsageError for wrong options or files, `output` when the directory holds another
 * recommender; ModelError when the checkpoint is of another training; the reason of `signal`.
 * @example
 * await trainRecommender({ recommender: 'dcf-av-1', ratings: 'ml-20m', features: 'reduced/items.arrow', out: 'models/dcf-av-1' });
 */
export async function trainRecommender(train: TrainOptions): Promise<TrainSummary> {
  checkKnownOptions('trainRecommender', train, known);
  const recommender = checkRecommenderName(train.recommender);
  const options = checkRecommenderOptions(recommender, train.options ?? {});
  const seed = checkInteger('seed', train.seed ?? 1, 0, 0xffffffff);
  for (const [name, given] of Object.entries({ validation: train.validation, logDirectory: train.logDirectory })) {
    if (given === undefined || isNeuralRecommender(recommender)) continue;
    throw new UsageError(`\`${name}\` is for neural recommenders: ${recommender} does not train in epochs`, {
      option: name,
      remedy: `Leave \`${name}\` out.`,
    });
  }
  const reading = { ...train.reading, ...(train.signal && { signal: train.signal }) };
  const inputs = await readTrainingInputs(recommender, options, { ...train, reading });
  try {
    const rows = Int32Array.from(inputs.ratings.values.keys());
    const usual = { kind: recommenderReadsFeatures(recommender) ? ('item-cold' as const) : ('ratings' as const) };
    const kind = isNeuralRecommender(recommender)
      ? { ...usual, ...given(train.validation ?? {}) }
      : ({ kind: 'none' } as const);
    const nothing = new Int32Array(0);
    const split = withValidation(
      inputs.ratings,
      { name: 'all ratings', train: rows, validation: nothing, test: nothing },
      { ...kind, ...(rows.length < 10 && train.validation?.kind === undefined && { kind: 'none' as const }) },
      seed,
    );
    const data: FitData = {
      ...{ ratings: inputs.ratings, train: split.train, validation: split.validation, scale: inputs.scale },
      genres: inputs.genres,
      features: inputs.features,
      trailers: inputs.trailers,
    };
    const identity = identityOf(recommender, options, seed, inputs, split.validation);
    const earlier = await readRecommenderFacts(train.out);
    if (earlier !== undefined) return summaryOf(alreadyThere(earlier, identity, train), train, inputs, data, true);
    if (inputs.leftOut.ratings > 0) {
      const { ratings, items } = inputs.leftOut;
      train.onMessage?.(`${ratings} ratings of ${items} items without features are left out`);
    }
    await makeDirectory(train.out);
    const fitted = await fitRecommender(data, {
      ...{ recommender, seed, dataIdentity: identity, checkpoint: join(train.out, checkpointName) },
      options: isNeuralRecommender(recommender) ? { checkpointSteps, ...options } : options,
      signal: train.signal,
      logDirectory: train.logDirectory,
      onProgress: train.onProgress,
      onMessage: train.onMessage,
    });
    for (const warning of fitted.validation ? validationWarnings(fitted.validation) : []) {
      train.onMessage?.(`warning: ${warning}`, { isWarning: true });
    }
    try {
      const facts = factsOf(recommender, options, seed, identity, inputs, fitted);
      await saveRecommender(train.out, await savedOf(facts, inputs, data, fitted));
      for (const name of await readdir(train.out)) {
        if (name.startsWith(checkpointName)) await removeIfThere(join(train.out, name));
      }
      return { ...summaryOf(facts, train, inputs, data, false), resumed: fitted.resumed ?? false };
    } finally {
      await fitted.close?.();
    }
  } finally {
    await inputs.features?.close();
  }
}

function alreadyThere(earlier: RecommenderFacts, identity: string, { out }: TrainOptions): RecommenderFacts {
  if (earlier.identity === identity) return earlier;
  throw new UsageError(`${out} holds another recommender: ${earlier.model}, trained with other data, options or seed`, {
    code: 'output',
    remedy:
      'Name another directory: a trained recommender cannot be trained further. Train a new one when features or ratings were added, too.',
  });
}

function factsOf(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  identity: string,
  { scale, featureFile }: TrainingInputs,
  { trainSeconds, history, best, validation }: FittedRecommender,
): RecommenderFacts {
  return {
    ...{ model, options, seed, scale, identity, trainSeconds, history },
    ...(best && { best }),
    ...(validation && { validationFigures: validation }),
    ...(featureFile && { features: featureFile }),
  };
}

async function savedOf(
  facts: RecommenderFacts,
  { ratings, catalogue, features, trailers }: TrainingInputs,
  { validation }: FitData,
  fitted: FittedRecommender,
): Promise<SavedRecommender> {
  const { users, items, values, userIds, itemIds } = ratings;
  const saved = {
    ...{ facts, userIds, catalogue, validation, ratings: { users, items, values } },
    featureIds: itemIds.map((id) => (features && featureIdOf(id, features, trailers)) ?? null),
  };
  const { model } = facts;
  if (!isNeuralRecommender(model)) return saved;
  const streams = recommenderReadsFeatures(model) && features ? StoreFeatures.ofItems(features, []).modalities : [];
  const space = { userCount: userIds.length, itemCount: itemIds.length, scale: facts.scale };
  const shapes = weightShapes(neuralModule(model, space, neuralOptions(facts.options, streams)));
  const weights = [...((await fitted.weights?.()) ?? [])].map(
    ([name, values]) => [name, { values, shape: shapes.get(name) ?? [values.length] }] as const,
  );
  return { ...saved, weights: new Map(weights) };
}

function summaryOf(
  facts: RecommenderFacts,
  { out }: TrainOptions,
  { ratings, leftOut, badLines }: TrainingInputs,
  { validation }: FitData,
  alreadyTrained: boolean,
): TrainSummary {
  const { model, options, seed, trainSeconds, history, best, validationFigures: figures } = facts;
  const ratedItems = new Set(ratings.items).size;
  return {
    ...{ model, out, options, seed, ratings: ratings.values.length, validationRatings: validation.length },
    ...{ users: ratings.userIds.length, ratedItems, unratedItems: ratings.itemIds.length - ratedItems },
    ...{ leftOut, badLines, trainSeconds, epochs: history.length, ...(best && { best }) },
    ...(figures && { validation: figures }),
    ...{ resumed: false, alreadyTrained },
  };
}

/**
 * Recommender, options, seed, and all data: ratings with their ids, genres, features, and which
 * features are whose.
 */
function identityOf(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  { ratings, scale, catalogue, features, featureFile, trailers }: TrainingInputs,
  validation: Int32Array,
): string {
  const ordered = Object.entries(options).sort(([left], [right]) => (left < right ? -1 : 1));
  const facts = [model, ordered, seed, scale, catalogue, ratings.userIds, featureFile?.sha256 ?? null];
  const featureIds = features && ratings.itemIds.map((id) => featureIdOf(id, features, trailers) ?? null);
  return sha256(
    JSON.stringify(facts),
    featureIds === undefined ? '' : JSON.stringify(featureIds),
    ratings.users,
    ratings.items,
    ratings.values,
    validation,
  );
}
