import { checkPositive } from '../../core/check.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';

/**
 * The mean of each user's ratings, averaged with `damping` ratings at the overall mean: mu + sum of
 * (r - mu) / (n + damping). The mean of all for a user without ratings.
 */
export function dampedMeans(
  { users, values, userCount }: Pick<TrainingRatings, 'users' | 'values' | 'userCount'>,
  damping: number,
): Float64Array {
  const mean = globalMean(values);
  const sums = new Float64Array(userCount);
  const counts = new Float64Array(userCount);
  for (let row = 0; row < users.length; row++) {
    const user = users[row] as number;
    sums[user] = (sums[user] as number) + (values[row] as number) - mean;
    counts[user] = (counts[user] as number) + 1;
  }
  return sums.map((sum, user) => mean + sum / Math.max((counts[user] as number) + damping, Number.MIN_VALUE));
}

/** `dampedMeans` of one user, with a mean of other ratings. */
export function dampedMean(values: Float32Array, mean: number, damping: number): number {
  const sum = values.reduce((total, value) => total + value - mean, 0);
  return mean + sum / Math.max(values.length + damping, Number.MIN_VALUE);
}

/**
 * Predicts the user's mean rating, damped: it knows nothing about items, so all are equal. In a
 * cold start it is the baseline for models of content.
 *
 * @example
 * const means = new UserMeanRecommender({ damping: 5 });
 * means.fit(ratings);
 */
export class UserMeanRecommender implements Recommender {
  readonly name = 'user-mean';
  readonly #damping: number;
  #fitted: { readonly ratings: TrainingRatings; readonly mean: number; readonly means: Float64Array } | undefined;

  /** @throws UsageError when `damping` (default 5) is below 0. */
  constructor({ damping = 5 }: { damping?: number | undefined } = {}) {
    this.#damping = checkPositive('damping', damping, { zero: true });
  }

  /** @throws UsageError when the ratings are not as `TrainingRatings` says. */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    this.#fitted = { ratings, mean: globalMean(ratings.values), means: dampedMeans(ratings, this.#damping) };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#known().ratings.scale);
  }

  /** As `predict`: a mean is on the scale. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    const { ratings, means } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return Float32Array.from(users, (user) => means[user] as number);
  }

  /** The damped mean of the user's ratings, for every item. */
  scoreNewUser({ values }: NewUserRatings, items: Int32Array): Float32Array {
    return new Float32Array(items.length).fill(dampedMean(values, this.#known().mean, this.#damping));
  }

  #known() {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}
