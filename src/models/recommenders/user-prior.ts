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

/**
 * The prior that the training users imply: mean and variance of their vectors and biases, each user
 * counting once (empirical Bayes).
 *
 * @param users `vectors`: `length` numbers for each user; `known`: 1 for users with ratings.
 * @param noise mean squared error of the training ratings.
 */
export function userPrior(
  users: { readonly vectors: Float64Array; readonly biases: Float64Array; readonly known: Uint8Array },
  length: number,
  noise: number,
): UserPrior {
  const { vectors, biases, known } = users;
  const size = length + 1;
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
    const variance = square / count - (mean[at] as number) ** 2;
    // At least a rounding's worth, so that no system is singular.
    return Math.min(firmest, Math.max(1e-9, noise / Math.max(variance, 1e-12)));
  });
  return { mean, ridge };
}

/** Of predictions of the training ratings. */
export function meanSquaredError({ values }: TrainingRatings, predictions: Float32Array): number {
  let sum = 0;
  for (const [row, value] of values.entries()) sum += (value - (predictions[row] as number)) ** 2;
  return sum / values.length;
}
