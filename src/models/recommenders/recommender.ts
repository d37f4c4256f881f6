import { checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkScale, type RatingScale } from '../../core/rating-scale.ts';
import type { PrivacyGuarantee } from '../privacy/privacy-options.ts';
import type { Reasons } from './reasons.ts';
import type { PairWork } from './work.ts';

/**
 * Ratings to learn from, one per row. Users and items are numbers below `userCount` and
 * `itemCount`; those without a row are unknown to the recommender. The order of the rows matters
 * where a recommender says so (ties between neighbours, order of stochastic gradient descent).
 */
export interface TrainingRatings {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
  readonly userCount: number;
  readonly itemCount: number;
  readonly scale: RatingScale;
  /** float64[rows]: when each rating was given, for recommenders that follow their order. */
  readonly times?: Float64Array | undefined;
}

/** What a recommender predicts: ratings on the scale, or scores that only rank. */
export type Predicts = 'ratings' | 'scores';

/**
 * The ratings of a user whom a fitted recommender has not seen: one value for each item number,
 * oldest first.
 */
export interface NewUserRatings {
  readonly items: Int32Array;
  readonly values: Float32Array;
}

/** A user who was not in the training data, and the items to score. */
export interface AskedOfNewUser {
  readonly own: NewUserRatings;
  readonly items: Int32Array;
}

/**
 * What was learnt about each item, as vectors of equal length: that of item n begins at n x
 * dimension.
 */
export interface ItemFactors {
  readonly values: Float32Array | Float64Array;
  readonly dimension: number;
}

/** A recommender that learns from ratings and predicts others. */
export interface Recommender {
  /** Its name in tables, e.g. `item-knn`. */
  readonly name: string;
  /**
   * `scores`: predictions are not on the scale of ratings; they rank, and have no error. Default
   * `ratings`.
   */
  readonly predicts?: Predicts | undefined;
  /**
   * Learns from the ratings, forgetting what it had learnt before. The arrays must not be changed
   * afterwards.
   */
  fit(ratings: TrainingRatings): void | Promise<void>;
  /** The rating of each pair (users[n], items[n]), clipped to the scale of the training ratings. */
  predict(users: Int32Array, items: Int32Array): Float32Array | Promise<Float32Array>;
  /**
   * Predictions before `predict` clips them, for ranking: they tell apart items that all reach the
   * top of the scale. Without this method, `predict` ranks.
   */
  readonly score?: ((users: Int32Array, items: Int32Array) => Float32Array | Promise<Float32Array>) | undefined;
  /**
   * Scores of items for a user who was not in the training data, from that user's ratings: what was
   * learnt about others stays. Without this method, new users cannot be served.
   */
  readonly scoreNewUser?:
    | ((own: NewUserRatings, items: Int32Array) => Float32Array | Promise<Float32Array>)
    | undefined;
  /**
   * How the score of each pair was computed, of a recommender that predicts from a few ratings, or
   * from other recommenders.
   */
  readonly reasons?:
    | ((users: Int32Array, items: Int32Array) => readonly Reasons[] | Promise<readonly Reasons[]>)
    | undefined;
  /** The same of `scoreNewUser`. */
  readonly reasonsForNewUser?:
    | ((own: NewUserRatings, items: Int32Array) => readonly Reasons[] | Promise<readonly Reasons[]>)
    | undefined;
  /**
   * The work of `predict` and `score` for these pairs, if it may be large: callers then ask in
   * parts.
   *
   * @param times how often it will all be done.
   * @throws UsageError `too-many-steps`.
   */
  workOf?(users: Int32Array, items: Int32Array, times?: number): PairWork;
  /**
   * Asserts that `scoreNewUser` for each of these stays within the limit, if it may be expensive.
   * Users may share one array of items.
   *
   * @throws UsageError `too-many-steps`.
   */
  readonly checkNewUsers?: ((asked: readonly AskedOfNewUser[]) => void) | undefined;
  /** What `fit` has guaranteed, if it was private. */
  readonly guarantee?: PrivacyGuarantee | undefined;
  /** Its weights, where learning again would not give the same ones, or takes long. */
  readonly savedWeights?: (() => ReadonlyMap<string, Float32Array>) | undefined;
  /** Takes weights that `savedWeights` gave, instead of learning. */
  readonly restore?: ((ratings: TrainingRatings, weights: ReadonlyMap<string, Float32Array>) => void) | undefined;
  /** Vectors that it has learnt of the items, if it learns any. */
  readonly itemFactors?: (() => ItemFactors) | undefined;
}

/**
 * Checks training ratings as a whole: lengths, numbers of users and items, finite ratings within
 * the scale.
 *
 * @throws UsageError naming the row at fault.
 */
export function checkTrainingRatings(ratings: TrainingRatings): void {
  const { users, items, values, userCount, itemCount, scale } = ratings;
  if (!(users instanceof Int32Array)) throw new UsageError(`\`users\` must be an Int32Array, but is ${shown(users)}`);
  if (!(items instanceof Int32Array)) throw new UsageError(`\`items\` must be an Int32Array, but is ${shown(items)}`);
  if (!(values instanceof Float32Array)) {
    throw new UsageError(`\`values\` must be a Float32Array, but is ${shown(values)}`);
  }
  checkScale(scale);
  if (users.length !== items.length || users.length !== values.length) {
    throw new UsageError(
      `users, items and values must have the same length, but have ${users.length}, ${items.length} and ${values.length}`,
    );
  }
  if (users.length === 0) throw new UsageError('training needs at least one rating, but there is none');
  checkNumbers('users', users, userCount);
  checkNumbers('items', items, itemCount);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    if (!(value >= scale.minimum && value <= scale.maximum)) {
      throw new UsageError(
        `training row ${row} has the rating ${value}, but the scale is ${scale.minimum} to ${scale.maximum}`,
      );
    }
  }
}

/**
 * Checks the pairs of `predict` against what the recommender was fitted on.
 *
 * @throws UsageError when the lengths differ or a number is out of range.
 */
export function checkPairs(users: Int32Array, items: Int32Array, userCount: number, itemCount: number): void {
  if (users.length !== items.length) {
    throw new UsageError(`users and items must have the same length, but have ${users.length} and ${items.length}`);
  }
  checkNumbers('users', users, userCount);
  checkNumbers('items', items, itemCount);
}

/** The error of a recommender that is asked to predict before it is fitted. */
export function notFitted(name: string): UsageError {
  return new UsageError(`${name} must be fitted before it can predict`, { remedy: 'Call fit(ratings) first.' });
}

/** `value`, clipped to the scale. */
export function clip(value: number, scale: RatingScale): number {
  return Math.min(Math.max(value, scale.minimum), scale.maximum);
}

/** `values`, clipped to the scale. */
export function clipAll(values: Float32Array, scale: RatingScale): Float32Array {
  return values.map((value) => clip(value, scale));
}

/** The mean of all ratings. */
export function globalMean(values: Float32Array): number {
  let sum = 0;
  for (let row = 0; row < values.length; row++) sum += values[row] as number;
  return sum / values.length;
}

/** Checks that a rate or regularisation weight is finite and at least 0. */
export function checkRates(rates: Readonly<Record<string, number | undefined>>): void {
  for (const [name, rate] of Object.entries(rates)) {
    if (rate !== undefined) checkPositive(name, rate, { zero: true });
  }
}

function checkNumbers(name: string, numbers: Int32Array, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError(`the number of ${name} must be an integer of at least 1, but is ${shown(count)}`);
  }
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row] as number;
    if (number < 0 || number >= count) {
      throw new UsageError(`\`${name}\`[${row}] must be from 0 to ${count - 1}, but is ${number}`);
    }
  }
}
