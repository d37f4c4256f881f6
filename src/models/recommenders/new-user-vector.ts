import type { NewUserRatings } from './recommender.ts';
import { solvePositive } from './solve-positive.ts';

/** What stays of a factor model while a new user is fitted to it. */
export interface FixedFactors {
  /** Regularisation per rating. */
  readonly regularisation: number;
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
 * Bias b and vector p of a user of least sum over the ratings of (r - base - b - p . q)^2 +
 * regularisation (b^2 + |p|^2), by the vectors q of the items; items without one do not count.
 */
export function vectorOfNewUser(
  { items, values }: NewUserRatings,
  { regularisation, biased, length, factors, start, base, known }: FixedFactors,
): { readonly bias: number; readonly vector: Float64Array } {
  const size = length + 1;
  const matrix = new Float64Array(size * size);
  const side = new Float64Array(size);
  const row = new Float64Array(size);
  let rated = 0;
  for (const [at, item] of items.entries()) {
    if (known[item] !== 1) continue;
    rated++;
    row.set(factors.subarray(start(item), start(item) + length));
    row[length] = biased ? 1 : 0;
    const residual = (values[at] as number) - base(item);
    for (let one = 0; one < size; one++) {
      side[one] = (side[one] as number) + (row[one] as number) * residual;
      for (let other = 0; other < size; other++) {
        matrix[one * size + other] =
          (matrix[one * size + other] as number) + (row[one] as number) * (row[other] as number);
      }
    }
  }
  if (rated === 0) return { bias: 0, vector: new Float64Array(length) };
  // At least a rounding's worth: padding of the vectors has nothing else on the diagonal.
  const ridge = Math.max(regularisation * rated, 1e-9);
  for (let axis = 0; axis < size; axis++) matrix[axis * size + axis] = (matrix[axis * size + axis] as number) + ridge;
  const solved = solvePositive(matrix, side);
  return { bias: biased ? (solved[length] as number) : 0, vector: solved.slice(0, length) };
}
