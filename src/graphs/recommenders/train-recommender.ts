import { copyFile, readdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDirectory, removeIfThere, temporaryPath } from '../../core/atomic-file.ts';
import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { sha256 } from '../../core/hash.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { scaleDoubts } from '../../io/ratings/scale-doubts.ts';
import { type ValidationOptions, withValidation } from '../../io/ratings/validation.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import { noValidation } from '../../models/recommenders/private-batches.ts';
import type { Json } from '../graph.ts';
import type { MessageAbout } from '../run-reports.ts';
import { type NewSince, newSince, otherTraining } from './earlier-training.ts';
import { featureDoubts } from './feature-doubts.ts';
import type { FitData, FitProgress, FittedRecommender } from './fit-data.ts';
import { fitRecommender } from './fit-recommender.ts';
import { idleOptions } from './idle-options.ts';
import { implicitOptions } from './implicit-options.ts';
import { modalitiesOf } from './neural-options.ts';
import { ownRecommender } from './own-recommenders.ts';
import { plannedPrivacy } from './planned-privacy.ts';
import { privacyOptions } from './private-options.ts';
import {
  checkRecommenderName,
  type RecommenderName,
  readsUsers,
  recommenderReadsFeatures,
  trainsInEpochs,
} from './recommender-names.ts';
import { checkRecommenderOptions } from './recommender-options.ts';
import { requiredFeatures } from './required-features.ts';
import {
  type RecommenderFacts,
  readRecommenderFacts,
  removeRecommenderFacts,
  type SavedRecommender,
  saveRecommender,
  type TrainingCounts,
} from './saved-recommender.ts';
import { featureIdOf } from './store-features.ts';
import { readTrainingInputs, type TrainingInputs, type TrainingSources } from './training-sources.ts';
import { type ValidationFigures, validationWarnings } from './validation-figures.ts';

const checkpointName = 'checkpoint';
/**
 * Name of the training store, in the output directory, of features that were imported for a
 * training.
 */
const keptFeatures = 'items.arrow';
/** Default number of steps between checkpoints: about a minute for a small recommender. */
const checkpointSteps = 1000;

/** How to train a recommender into a directory. */
export interface TrainOptions extends TrainingSources {
  readonly recommender: string;
  /** The recommender's directory. A training that was interrupted there is resumed. */
  readonly out: string;
  readonly options?: Readonly<Record<string, Json>> | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /**
   * Which ratings are held out for early stopping of neural recommenders; other recommenders learn
   * from all ratings. Default: a random tenth, of the items for recommenders that read features, so
   * that training is judged by new items, else of the ratings.
   */
  readonly validation?: ValidationOptions | undefined;
  readonly logDirectory?: string | undefined;
  /**
   * Replaces a recommender that was trained in the directory with other data, options or seed,
   * which is otherwise refused. The old recommender stays until the new one is complete.
   */
  readonly refit?: boolean | undefined;
  /** Reads everything and reports what would be trained, without training or writing anything. */
  readonly dryRun?: boolean | undefined;
  /**
   * Where to train a neural recommender: `cpu` (default) or a card such as `cuda`, where its
   * weights stay for up to 64 steps. Recommenders of other kinds learn on the CPU.
   */
  readonly device?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  readonly onMessage?: ((message: string, about?: MessageAbout) => void) | undefined;
}

/** The result of a training. */
export interface TrainSummary {
  readonly recommender: RecommenderName;
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
  readonly best?: { readonly epoch: number; readonly loss: number | null } | undefined;
  /** For neural recommenders with validation ratings: how well these are predicted. */
  readonly validation?: ValidationFigures | undefined;
  /** What a private training guarantees about the weights. */
  readonly privacy?: PrivacyGuarantee | undefined;
  /** Whether it continued from a checkpoint. */
  readonly resumed: boolean;
  /** Whether the directory already held exactly this recommender, so that nothing was trained. */
  readonly alreadyTrained: boolean;
  /** What has been added since the last training into the directory; negative if there is less. */
  readonly since?: NewSince | undefined;
  /** Whether this was a dry run, which trains nothing. */
  readonly dryRun: boolean;
}

const known: KnownOptions<TrainOptions> = {
  ratings: true,
  movies: true,
  features: true,
  trailers: true,
  demographics: true,
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
  dryRun: true,
  refit: true,
  device: true,
};

/**
 * Trains a recommender on all ratings and saves it. A neural recommender writes a checkpoint into
 * the directory after each epoch and every 1000 steps; if it is stopped at any moment and run
 * again, it ends with the same weights. The checkpoint is removed once the recommender is saved.
 * Features imported for the training are kept in the directory as `items.arrow`.
 *
 * @throws UsageError for wrong options or files, `output` when the directory holds another
 * recommender; ModelError when the checkpoint belongs to another training; the reason of `signal`.
 * @example
 * await trainRecommender({ recommender: 'dcf-av-1', ratings: 'ml-20m', features: 'reduced/', out: 'recommenders/dcf-av-1' });
 */
export async function trainRecommender(train: TrainOptions): Promise<TrainSummary> {
  checkKnownOptions('trainRecommender', train, known);
  const recommender = checkRecommenderName(train.recommender);
  const checked = checkRecommenderOptions(recommender, train.options ?? {});
  const seed = checkInteger('seed', train.seed ?? 1, 0, 0xffffffff);
  for (const [name, given] of Object.entries({ validation: train.validation, logDirectory: train.logDirectory })) {
    if (given === undefined || trainsInEpochs(recommender)) continue;
    throw new UsageError(`\`${name}\` is for recommenders that train in epochs, and ${recommender} does not`, {
      option: name,
      remedy: `Leave \`${name}\` out.`,
    });
  }
  const reading = { ...train.reading, signal: train.signal };
  const inputs = await readTrainingInputs(recommender, checked, { ...train, reading }, train.onMessage);
  const warn = (text: string) => train.onMessage?.(`warning: ${text}`, { isWarning: true });
  try {
    const doubts = [...scaleDoubts(inputs.ratings.values), ...featureDoubts(inputs.features)];
    for (const doubt of [...doubts, ...idleOptions(recommender, checked)]) warn(doubt);
    const { ratings, scale } = inputs;
    const options = trainsInEpochs(recommender)
      ? implicitOptions(recommender, checked, ratings.values, scale)
      : checked;
    const rows = Int32Array.from(inputs.ratings.values.keys());
    const isPrivate = privacyOptions(checked) !== undefined;
    const wanted = train.validation?.kind;
    if (isPrivate && wanted !== undefined && wanted !== 'none') throw noValidation(recommender);
    const cold = recommenderReadsFeatures(recommender, checked);
    const usual = { kind: isPrivate ? ('none' as const) : cold ? ('item-cold' as const) : ('ratings' as const) };
    const kind = trainsInEpochs(recommender)
      ? { ...usual, ...given(train.validation ?? {}) }
      : ({ kind: 'none' } as const);
    const nothing = new Int32Array(0);
    const split = withValidation(
      inputs.ratings,
      { name: 'all ratings', train: rows, validation: nothing, test: nothing },
      rows.length < 10 && train.validation?.kind === undefined ? { ...kind, kind: 'none' } : kind,
      seed,
    );
    const data: FitData = {
      ...{ ratings: inputs.ratings, train: split.train, validation: split.validation, scale: inputs.scale },
      genres: inputs.genres,
      titles: inputs.catalogue.map(({ title = '' }) => title),
      userFacts: inputs.userFacts,
      features: inputs.features,
      trailers: inputs.trailers,
    };
    if (recommenderReadsFeatures(recommender, options)) {
      const { modalities } = requiredFeatures(recommender, data);
      modalitiesOf(modalities, options.modalities, options.lstm, options.streamWeights);
    }
    const identity = identityOf(recommender, options, seed, inputs, split.validation);
    const earlier = await readRecommenderFacts(train.out);
    if (earlier?.identity === identity) return summaryOf(earlier, train, inputs, data, { alreadyTrained: true });
    const privacy = plannedPrivacy(recommender, options, data, seed);
    const learnt = { trainSeconds: 0, history: [], privacy };
    const planned = factsOf({ recommender, options, seed, identity, out: train.out }, inputs, learnt);
    if (earlier !== undefined && train.refit !== true) throw otherTraining(train.out, earlier, planned);
    const since = newSince(earlier, planned);
    if (train.dryRun === true) return { ...summaryOf(planned, train, inputs, data, { since }), dryRun: true };
    if (inputs.leftOut.ratings > 0) {
      const { ratings, items } = inputs.leftOut;
      train.onMessage?.(`${ratings} ratings of ${items} items without features are left out`);
    }
    await makeDirectory(train.out);
    const fitted = await fitRecommender(data, {
      ...{ recommender, seed, dataIdentity: identity },
      // The remains of another refit are neither continued nor a reason to refuse this one.
      checkpoint: join(train.out, train.refit === true ? `${checkpointName}-${identity.slice(0, 16)}` : checkpointName),
      options: trainsInEpochs(recommender) ? { checkpointSteps, ...options } : options,
      signal: train.signal,
      device: train.device,
      logDirectory: train.logDirectory,
      onProgress: train.onProgress,
      onMessage: train.onMessage,
    });
    try {
      for (const warning of fitted.validation ? validationWarnings(fitted.validation) : []) warn(warning);
      const facts = factsOf({ recommender, options, seed, identity, out: train.out }, inputs, fitted);
      // While files of two recommenders are mixed, the directory counts as holding none.
      if (earlier !== undefined) await removeRecommenderFacts(train.out);
      if (inputs.features !== undefined && inputs.isImported) await keepFeatures(inputs.features.path, train.out);
      await saveRecommender(train.out, await savedOf(facts, inputs, data, fitted));
      for (const name of await readdir(train.out)) {
        if (name.startsWith(checkpointName)) await removeIfThere(join(train.out, name));
      }
      return { ...summaryOf(facts, train, inputs, data, { since }), resumed: fitted.resumed ?? false };
    } finally {
      await fitted.close?.();
    }
  } finally {
    await inputs.close();
  }
}

/** Puts a training store next to the recommender that was trained with it. */
async function keepFeatures(path: string, out: string): Promise<void> {
  const copy = temporaryPath(out);
  await copyFile(path, copy);
  await rename(copy, join(out, keptFeatures));
}

function factsOf(
  made: Pick<RecommenderFacts, 'options' | 'seed' | 'identity'> & { recommender: RecommenderName; out: string },
  inputs: TrainingInputs,
  learnt: Pick<FittedRecommender, 'trainSeconds' | 'history' | 'best' | 'validation' | 'privacy'>,
): RecommenderFacts {
  const { recommender: model, options, seed, identity, out } = made;
  const { trainSeconds, history, best, validation, privacy } = learnt;
  const { scale, featureFile, isImported } = inputs;
  const code = ownRecommender(model)?.code;
  return {
    ...{ recommender: model, options, seed, scale, identity, trainSeconds, history },
    best,
    validationFigures: validation,
    privacy,
    features: featureFile && (isImported ? { ...featureFile, path: resolve(out, keptFeatures) } : featureFile),
    code,
    counts: countsOf(inputs),
  };
}

function countsOf({ ratings }: TrainingInputs): TrainingCounts {
  const ratedItems = new Set(ratings.items).size;
  return {
    ratings: ratings.values.length,
    users: ratings.userIds.length,
    ratedItems,
    unratedItems: ratings.itemIds.length - ratedItems,
  };
}

async function savedOf(
  facts: RecommenderFacts,
  { ratings, catalogue, features, trailers }: TrainingInputs,
  { validation }: FitData,
  fitted: FittedRecommender,
): Promise<SavedRecommender> {
  const { users, items, values, timestamps, userIds, itemIds } = ratings;
  const saved = {
    ...{ facts, userIds, catalogue, validation, ratings: { users, items, values, timestamps } },
    featureIds: itemIds.map((id) => (features && featureIdOf(id, features, trailers)) ?? null),
  };
  const shapes = fitted.shapes ?? new Map<string, readonly number[]>();
  const learnt = [...((await fitted.weights?.()) ?? [])];
  if (learnt.length === 0) return saved;
  const weights = learnt.map(
    ([name, values]) => [name, { values, shape: shapes.get(name) ?? [values.length] }] as const,
  );
  return { ...saved, weights: new Map(weights) };
}

function summaryOf(
  facts: RecommenderFacts,
  { out }: TrainOptions,
  inputs: TrainingInputs,
  { validation }: FitData,
  {
    alreadyTrained = false,
    since,
  }: { readonly alreadyTrained?: boolean | undefined; readonly since?: NewSince | undefined },
): TrainSummary {
  const { recommender: model, options, seed, trainSeconds, history, best, privacy, validationFigures: figures } = facts;
  const { leftOut, badLines } = inputs;
  return {
    ...{ recommender: model, out, options, seed, validationRatings: validation.length, ...countsOf(inputs) },
    ...{ leftOut, badLines, trainSeconds, epochs: history.length, best },
    validation: figures,
    privacy,
    ...{ resumed: false, alreadyTrained, since, dryRun: false },
  };
}

/**
 * Identifies a training: recommender, options, seed, and all data (ratings with their ids, genres,
 * features, and which features belong to which item).
 */
function identityOf(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  { ratings, scale, catalogue, features, featureFile, trailers, userFacts }: TrainingInputs,
  validation: Int32Array,
): string {
  const ordered = Object.entries(options).sort(([left], [right]) => (left < right ? -1 : 1));
  const code = ownRecommender(model)?.code;
  const facts = [
    model,
    ordered,
    seed,
    scale,
    catalogue,
    ratings.userIds,
    featureFile?.sha256 ?? null,
    ...(code ? [code] : []),
    ...(userFacts && readsUsers(model) ? [ratings.userIds.map((id) => userFacts.get(id) ?? null)] : []),
  ];
  const featureIds = features && ratings.itemIds.map((id) => featureIdOf(id, features, trailers) ?? null);
  return sha256(
    JSON.stringify(facts),
    featureIds === undefined ? '' : JSON.stringify(featureIds),
    ratings.users,
    ratings.items,
    ratings.values,
    ...(ratings.timestamps ? [ratings.timestamps] : []),
    validation,
  );
}
