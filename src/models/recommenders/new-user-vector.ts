import type { NewUserRatings } from './recommender.ts';
import { solvePositive } from './solve-positive.ts';
import type { UserPrior } from './user-prior.ts';

/** What stays of a factor model while a new user is fitted to it. */
export interface FixedFactors {
  /** What is assumed of the user without ratings; its ridge does not grow with their number. */
  readonly prior: UserPrior;
  /** Whether the user has a bias beside the vector. */
  readonly biased: boolean;
  /** Length of the vectors. */
  readonly length: number;
  readonly factors: Float64Array;
  /** Where the vector of an item begins in `factors`. */
  readonly start: (item: number) => number;
  /** The estimate for the item without the user's bias and vector. */
  readonly base: (item: number) => number;
  /** 1 for the items that have a learnt vector. */
  readonly known: Uint8Array;
}

/**
 * Bias b and vector p of a user, together w, of least sum over the ratings of (r - base - b - p .
 * q)^2 + sum of ridge (w - mean)^2, by the vectors q of the items; items without one do not count.
 * Without ratings, the prior's mean.
 */
export function vectorOfNewUser(
  { items, values }: NewUserRatings,
  { prior, biased, length, factors, start, base, known }: FixedFactors,
): { readonly bias: number; readonly vector: Float64Array } {
  const size = length + 1;
  const matrix = new Float64Array(size * size);
  const side = new Float64Array(size);
  const row = new Float64Array(size);
  const found = prior.mean.slice();
  if (!biased) found[length] = 0;
  for (const [at, item] of items.entries()) {
    if (known[item] !== 1) continue;
    row.set(factors.subarray(start(item), start(item) + length));
    row[length] = biased ? 1 : 0;
    let residual = (values[at] as number) - base(item);
    for (let one = 0; one < size; one++) residual -= (row[one] as number) * (found[one] as number);
    for (let one = 0; one < size; one++) {
      side[one] = (side[one] as number) + (row[one] as number) * residual;
      for (let other = 0; other < size; other++) {
        matrix[one * size + other] =
          (matrix[one * size + other] as number) + (row[one] as number) * (row[other] as number);
      }
    }
  }
  if (side.every((value) => value === 0)) return { bias: found[length] as number, vector: found.slice(0, length) };
  for (let axis = 0; axis < size; axis++) {
    matrix[axis * size + axis] = (matrix[axis * size + axis] as number) + (prior.ridge[axis] as number);
  }
  for (const [axis, change] of solvePositive(matrix, side).entries()) found[axis] = (found[axis] as number) + change;
  return { bias: found[length] as number, vector: found.slice(0, length) };
}
