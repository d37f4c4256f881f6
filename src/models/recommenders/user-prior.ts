import type { TrainingRatings } from './recommender.ts';

/**
 * What is assumed about a user of a factor model before the user has rated anything: a normal
 * distribution of the vector, followed by the bias.
 */
export interface UserPrior {
  readonly mean: Float64Array;
  /** Variance of a rating's noise divided by the variance of each value: the weight of a ridge. */
  readonly ridge: Float64Array;
}

/** The largest ridge: a value that does not differ between users stays as it is. */
const firmest = 1e9;

/** What a factor model has learnt. */
export interface LearntFactors {
  /** `length` numbers for each user, and the bias of each. */
  readonly vectors: Float64Array;
  readonly biases: Float64Array;
  readonly length: number;
  readonly factors: Float64Array;
  /** Where the vector of an item begins in `factors`. */
  readonly start: (item: number) => number;
}

/**
 * The prior that the training users imply, each user counting once (empirical Bayes): the mean of
 * each value, and its variance v. The learnt values differ less than the users do, since a user's
 * ratings leave them uncertain. To v is therefore added what s, the mean over users of the sum of
 * squares of what multiplies the value, leaves of a variance x: x = v + 1 / (s / noise + 1 / x), so
 * x = (v + sqrt(v^2 + 4 v noise / s)) / 2.
 *
 * @param noise variance of a rating's noise (`varianceWithinUsers`).
 */
export function userPrior(
  { users, items, userCount }: TrainingRatings,
  { vectors, biases, length, factors, start }: LearntFactors,
  noise: number,
): UserPrior {
  const size = length + 1;
  const told = new Float64Array(size);
  const known = new Uint8Array(userCount);
  for (const [row, user] of users.entries()) {
    known[user] = 1;
    const first = start(items[row] as number);
    for (let at = 0; at < length; at++) told[at] = (told[at] as number) + (factors[first + at] as number) ** 2;
  }
  told[length] = users.length;
  const [sums, squares] = [new Float64Array(size), new Float64Array(size)];
  let count = 0;
  for (const [user, isKnown] of known.entries()) {
    if (isKnown !== 1) continue;
    count++;
    for (let at = 0; at < size; at++) {
      const value = (at < length ? vectors[user * length + at] : biases[user]) as number;
      sums[at] = (sums[at] as number) + value;
      squares[at] = (squares[at] as number) + value * value;
    }
  }
  const mean = sums.map((sum) => sum / count);
  const ridge = squares.map((square, at) => {
    const learnt = Math.max(0, square / count - (mean[at] as number) ** 2);
    const uncertain = (4 * learnt * noise * count) / Math.max(told[at] as number, 1e-12);
    const variance = (learnt + Math.sqrt(learnt ** 2 + uncertain)) / 2;
    // At least a rounding's worth, so that no system is singular.
    return Math.min(firmest, Math.max(1e-9, noise / Math.max(variance, 1e-12)));
  });
  return { mean, ridge };
}

/**
 * How much a user's ratings vary around what is expected of their items, less the user's own mean:
 * what a bias leaves unexplained, so more than noise where the vectors explain some of it. It
 * stands for the noise of a rating, of which the error of the training ratings says too little,
 * since they were learnt.
 *
 * @param expected the rating of a row as it is expected of any user.
 */
export function varianceWithinUsers(
  { users, values, userCount }: TrainingRatings,
  expected: (row: number) => number,
): number {
  const [sums, counts] = [new Float64Array(userCount), new Int32Array(userCount)];
  const residuals = Float64Array.from(values, (value, row) => value - expected(row));
  for (const [row, user] of users.entries()) {
    sums[user] = (sums[user] as number) + (residuals[row] as number);
    counts[user] = (counts[user] as number) + 1;
  }
  const known = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const squares = residuals.reduce((sum, residual, row) => {
    const user = users[row] as number;
    return sum + (residual - (sums[user] as number) / (counts[user] as number)) ** 2;
  }, 0);
  // Users with one rating show no variance: it then is that of all ratings, which counts as one.
  const mean = residuals.reduce((sum, residual) => sum + residual, 0) / values.length;
  const all = residuals.reduce((sum, residual) => sum + (residual - mean) ** 2, 0) / values.length;
  return (squares + all) / (values.length - known + 1);
}
