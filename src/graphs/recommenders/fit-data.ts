import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import type { UserFacts } from '../../core/user-facts.ts';
import type { ItemStore } from '../../io/dataset/item-store.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import type { TrailerList } from '../../io/ratings/trailers.ts';
import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { GenreTable } from '../../models/genres.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import type { Reasons } from '../../models/recommenders/reasons.ts';
import type {
  AskedOfNewUser,
  ItemFactors,
  NewUserRatings,
  Predicts,
  TrainingRatings,
} from '../../models/recommenders/recommender.ts';
import type { PairWork } from '../../models/recommenders/work.ts';
import type { Json } from '../graph.ts';
import type { MessageAbout } from '../run-reports.ts';
import type { StoreFeatures } from './store-features.ts';
import type { ValidationFigures } from './validation-figures.ts';

/** What a recommender learns from. */
export interface FitData {
  /**
   * Every user and item to predict must be in its lists of ids, whether or not they have ratings.
   */
  readonly ratings: RatingTable;
  /** int32[]: row numbers to learn from. */
  readonly train: Int32Array;
  /**
   * int32[]: row numbers for early stopping of neural recommenders; no recommender learns from
   * them. May be empty.
   */
  readonly validation: Int32Array;
  readonly scale: RatingScale;
  /** Genres of the table's items; `genre-content` needs them. */
  readonly genres?: GenreTable | undefined;
  /** The title of each item of the table; empty if it has none. */
  readonly titles?: readonly string[] | undefined;
  /** Facts about the users. */
  readonly userFacts?: UserFacts | undefined;
  /** Features of the items; the audiovisual recommenders need them. */
  readonly features?: ItemStore | undefined;
  /** Which trailers belong to which item, if the features have trailer ids. */
  readonly trailers?: TrailerList | undefined;
}

/** The same, but the features may also be those of a saved recommender, which knows their ids. */
export type FitInputs = Omit<FitData, 'features'> & {
  readonly features?: FitData['features'] | StoreFeatures | undefined;
};

/** The progress of a training: inside an epoch, or at the end of one. */
export interface FitProgress {
  /** Counted from 1. */
  readonly epoch: number;
  /** Maximum number of epochs. */
  readonly epochs: number;
  /** Loss over the ratings of the epoch as they were learnt; by default mean squared error. */
  readonly loss: number;
  /** The share of the epoch that is done, when inside an epoch. */
  readonly share?: number | undefined;
  /**
   * How long an epoch takes: during the first one extrapolated from its steps, without validation;
   * later the time of the last epoch.
   */
  readonly epochSeconds?: number | undefined;
  /**
   * Until the last of `epochs` at that pace. This is the maximum that is left, since training may
   * end early.
   */
  readonly secondsLeft?: number | undefined;
  /**
   * What is being trained, if it is a part of the recommender: a branch, or one of several
   * networks.
   */
  readonly part?: string | undefined;
  readonly validationLoss?: number | undefined;
}

/** The settings that an earlier fit of a neural recommender on the same rows found best. */
export interface RefitPlan {
  readonly epochs: number;
  /** The learning rate of each epoch; the last one also applies to all further epochs. */
  readonly rates: readonly number[];
}

/** How to make a recommender. */
export interface FitOptions {
  /** One of `recommenderNames`. */
  readonly recommender: string;
  /** Options of the recommender by name (see the guide, or `recommenderOptions`). */
  readonly options: Readonly<Record<string, Json>>;
  /** 0 to 4294967295. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Where to train a neural recommender: `cpu` (default) or a card such as `cuda`. */
  readonly device?: string | undefined;
  /**
   * For neural recommenders: also learns from the rows `validation`, for this many epochs at these
   * rates instead of stopping early. Branches that are trained first still stop early.
   */
  readonly refit?: RefitPlan | undefined;
  /** File for the checkpoint of a neural recommender's training, from which it resumes. */
  readonly checkpoint?: string | undefined;
  /**
   * Identifies the data beyond the ratings, for the check of a checkpoint: for instance the hash of
   * the features.
   */
  readonly dataIdentity?: string | undefined;
  /** Directory for TensorBoard event files of a neural recommender's training. */
  readonly logDirectory?: string | undefined;
  readonly onProgress?: ((progress: FitProgress) => void) | undefined;
  /**
   * Called with what a recommender that is not neural is about to compute, if that is a lot, and
   * with where a neural one is trained, if not on the requested device.
   */
  readonly onMessage?: ((message: string, about?: MessageAbout) => void) | undefined;
}

/** A recommender that has been fitted. */
export interface FittedRecommender {
  readonly name: string;
  /** `scores`: its predictions only rank; they are not ratings. */
  readonly predicts: Predicts;
  /** Wall-clock seconds of learning. */
  readonly trainSeconds: number;
  /** The epochs of a neural recommender; empty for other recommenders. */
  readonly history: readonly EpochRecord[];
  /**
   * For neural recommenders: the epoch (from 0) whose weights are kept, and its validation loss.
   */
  readonly best?: { readonly epoch: number; readonly loss: number | null } | undefined;
  /** What a private training guarantees. */
  readonly privacy?: PrivacyGuarantee | undefined;
  /** For neural recommenders with validation ratings: how well these are predicted. */
  readonly validation?: ValidationFigures | undefined;
  /** For neural recommenders: whether the training continued from a checkpoint. */
  readonly resumed?: boolean | undefined;
  /**
   * Ratings of the pairs (users[n], items[n]): indices into the table's lists of ids. Within the
   * scale. Recommenders that read the times of ratings take them, in seconds since 1970; without
   * them each user is asked when the user last rated.
   */
  predict(users: Int32Array, items: Int32Array, times?: Float64Array): Promise<Float32Array | Float64Array>;
  /**
   * Predictions before `predict` clips them to the scale: these distinguish items that all have the
   * top prediction.
   */
  score(users: Int32Array, items: Int32Array): Promise<Float32Array | Float64Array>;
  /**
   * The cost of predicting these pairs, if it may be high (see `Recommender.workOf`).
   *
   * @throws UsageError `too-many-steps`.
   */
  readonly workOf?: ((users: Int32Array, items: Int32Array, times?: number) => PairWork) | undefined;
  /**
   * Checks that `scoreNewUser` for each of these, or `foldIn` of all of them, stays within the
   * limits.
   *
   * @throws UsageError `too-many-steps`, `memory-too-small`.
   */
  readonly checkNewUsers?: ((asked: readonly AskedOfNewUser[]) => void) | undefined;
  /**
   * Scores items for a user who was not in the training data, from that user's ratings; nothing
   * else that was learnt changes. Undefined if the recommender cannot do this.
   */
  readonly scoreNewUser?: ((own: NewUserRatings, items: Int32Array) => Promise<Float32Array>) | undefined;
  /** How scores were computed, of recommenders that predict from a few ratings or from others. */
  readonly reasons?: ((users: Int32Array, items: Int32Array) => Promise<readonly Reasons[]>) | undefined;
  /** The same of `scoreNewUser`. */
  readonly reasonsForNewUser?: ((own: NewUserRatings, items: Int32Array) => Promise<readonly Reasons[]>) | undefined;
  /**
   * For neural recommenders: scores pairs of users who were not in the training data, from their
   * ratings (rows of the table), which are learnt together; nothing else that was learnt changes.
   */
  foldIn?(rows: Int32Array): Promise<(users: Int32Array, items: Int32Array) => Promise<Float32Array>>;
  /** What was learnt about each item, as vectors; undefined if the recommender learns none. */
  readonly itemFactors?: (() => Promise<ItemFactors>) | undefined;
  /** For neural recommenders and those with neural parts: copies of all weights by name. */
  readonly weights?: (() => Promise<ReadonlyMap<string, Float32Array>>) | undefined;
  /** For neural recommenders: the shapes of all weights by name. */
  readonly shapes?: ReadonlyMap<string, readonly number[]> | undefined;
  /** Ends the threads of neural recommenders. May be called more than once. */
  close?(): Promise<void>;
}

/** The rows of a table as a recommender takes them. */
export function trainingRatings({ ratings, scale }: Omit<FitData, 'features'>, rows: Int32Array): TrainingRatings {
  const pick = <T extends Int32Array | Float32Array | Float64Array>(from: T, into: T): T => {
    for (let index = 0; index < rows.length; index++) into[index] = from[rows[index] as number] as number;
    return into;
  };
  return {
    users: pick(ratings.users, new Int32Array(rows.length)),
    items: pick(ratings.items, new Int32Array(rows.length)),
    values: pick(ratings.values, new Float32Array(rows.length)),
    userCount: ratings.userIds.length,
    itemCount: ratings.itemIds.length,
    scale,
    times: ratings.timestamps && pick(ratings.timestamps, new Float64Array(rows.length)),
  };
}

/**
 * @throws UsageError when a row number is not one of the table's, or there is nothing to learn
 *   from.
 */
export function checkFitData({ ratings, train, validation }: FitData): void {
  for (const [name, rows] of Object.entries({ train, validation })) {
    if (!(rows instanceof Int32Array)) throw new UsageError(`\`${name}\` must be an Int32Array, but is ${shown(rows)}`);
    const wrong = rows.find((row) => row < 0 || row >= ratings.values.length);
    if (wrong === undefined) continue;
    throw new UsageError(`\`${name}\` must have row numbers below ${ratings.values.length}, but has ${wrong}`);
  }
  if (train.length === 0) throw new UsageError('`train` must have at least one row, but is empty', { option: 'train' });
}
