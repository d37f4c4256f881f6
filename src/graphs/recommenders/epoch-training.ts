import { canonicalJson } from '../../core/canonical-json.ts';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { joinRows } from '../../io/ratings/subset.ts';
import type { TrainerOptions, TrainingResult } from '../../models/autodiff/trainer-options.ts';
import type { PrivacyGuarantee, PrivacyOptions } from '../../models/privacy/privacy-options.ts';
import type { Predicts, TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import { EpochPace } from './epoch-pace.ts';
import type { FitInputs, FitOptions, FitProgress, FittedRecommender } from './fit-data.ts';
import { privacyWithKey } from './private-options.ts';
import type { StoreFeatures } from './store-features.ts';
import { TrainingLog } from './training-log.ts';
import { validationFigures } from './validation-figures.ts';

/** A recommender that trains in epochs. */
interface EpochRecommender {
  readonly epochs: number;
  readonly predicts: Predicts;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What a private training has guaranteed. */
  readonly guarantee?: PrivacyGuarantee | undefined;
  predict(users: Int32Array, items: Int32Array, times?: Float64Array): Promise<Float32Array>;
  score(users: Int32Array, items: Int32Array): Promise<Float32Array>;
  weights(): Promise<ReadonlyMap<string, Float32Array>>;
  close(): Promise<void>;
}

/** The settings of a training that every recommender gets. */
type TrainingRun = Pick<
  TrainerOptions,
  'seed' | 'signal' | 'device' | 'onMessage' | 'checkpoint' | 'onProgress' | 'onEpoch'
> &
  Partial<NonNullable<FitOptions['refit']>> & { readonly privacy: PrivacyOptions | undefined };

/** How a recommender is made and trained, by `fitInEpochs`. */
export interface EpochFit<R extends EpochRecommender> {
  readonly name: string;
  readonly options: Readonly<Record<string, Json>>;
  readonly training: TrainingRatings;
  readonly validation: TrainingRatings;
  readonly features: StoreFeatures | undefined;
  /** When it began, by `performance.now()`. */
  readonly started: number;
  make(run: TrainingRun): R;
  train(recommender: R): Promise<TrainingResult>;
}

/**
 * Trains a recommender with progress, event files and a checkpoint, and judges it by the validation
 * ratings.
 *
 * @returns it with the recommender that `make` made, which its `close` closes.
 */
export async function fitInEpochs<R extends EpochRecommender>(
  { name, options, training, validation, features, started, make, train }: EpochFit<R>,
  run: FitOptions & Pick<FitProgress, 'part'>,
): Promise<{ readonly recommender: R; readonly fitted: FittedRecommender }> {
  const tell = (progress: FitProgress | undefined) => progress && run.onProgress?.(progress);
  const identity = identityOf(training, validation, run, features);
  if (features !== undefined && run.checkpoint !== undefined && run.dataIdentity === undefined && options.dp) {
    // Without it, two trainings on different features would have the same noise.
    throw new UsageError('a private training with features and a `checkpoint` needs `dataIdentity`', {
      option: 'dataIdentity',
      remedy: 'Give a text that is different for other features, such as the hash of their file.',
    });
  }
  const recommender: R = make({
    ...run.refit,
    privacy: await privacyWithKey(options, run.checkpoint, canonicalJson([name, options, run.seed, identity])),
    seed: run.seed,
    signal: run.signal,
    device: run.device,
    onMessage: (sentence) => run.onMessage?.(sentence),
    ...checkpointOf(options, run, identity),
    onProgress: (progress) => tell(pace.inside(progress)),
    onEpoch: async (record) => {
      log?.add(record, await recommender.weights());
      tell(pace.ended(record));
    },
  });
  const pace = new EpochPace(recommender.epochs, run.part);
  const log = run.logDirectory === undefined ? undefined : new TrainingLog(run.logDirectory);
  try {
    const { history, bestEpoch, bestLoss, resumedFrom } = await train(recommender);
    const { predicts, shapes, guarantee: privacy } = recommender;
    const trainSeconds = (performance.now() - started) / 1000;
    const predict = (users: Int32Array, items: Int32Array, times?: Float64Array) =>
      recommender.predict(users, items, times);
    const fitted = {
      ...{ name, predicts, trainSeconds, history, privacy, best: { epoch: bestEpoch, loss: bestLoss } },
      validation: await validationFigures(training, validation, predicts, predict),
      ...{ resumed: resumedFrom !== undefined, shapes, predict },
      score: (users: Int32Array, items: Int32Array) => recommender.score(users, items),
      weights: () => recommender.weights(),
      close: () => recommender.close(),
    };
    return { recommender, fitted };
  } catch (error) {
    await recommender.close();
    throw error;
  } finally {
    log?.close();
  }
}

/** The rows to learn from and the rows to validate on; for a refit, all rows and none. */
export function rowsOf<Data extends FitInputs>(data: Data, refits: boolean): Data {
  if (!refits) return data;
  return { ...data, train: joinRows([data.train, data.validation]), validation: new Int32Array(0) };
}

/** Where the training saves its state, if it does. */
function checkpointOf(
  { checkpointSteps }: Readonly<Record<string, Json>>,
  { checkpoint }: FitOptions,
  data: string,
): Pick<TrainerOptions, 'checkpoint'> {
  if (checkpoint === undefined) return {};
  return {
    checkpoint: { path: checkpoint, data, everySteps: checkpointSteps as number | undefined },
  };
}

/**
 * What a checkpoint must match: the ratings, row by row, with their times if they are used, and the
 * form of the features.
 */
function identityOf(
  training: TrainingRatings,
  validation: TrainingRatings,
  { dataIdentity = '' }: FitOptions,
  features: StoreFeatures | undefined,
): string {
  const rows = [training, validation].flatMap(({ users, items, values, times }) => [
    ...[`${users.length};`, users, items, values],
    ...(times ? [times] : []),
  ]);
  return sha256(...rows, JSON.stringify([dataIdentity, features?.modalities ?? []]));
}
