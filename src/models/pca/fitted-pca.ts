import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { onnxMatMul } from './mat-mul.ts';
import { checkRows } from './row-blocks.ts';

/** A fitted principal component analysis. */
export interface Pca {
  /** `exact`: from the moments of all rows; `incremental`: scikit-learn's IncrementalPCA. */
  readonly algorithm: 'exact' | 'incremental';
  /** D, values of a row before the reduction. */
  readonly dimension: number;
  /** k, values of a row after it. */
  readonly components: number;
  /** Mean of the rows fitted, D. */
  readonly mean: Float32Array;
  /**
   * Orthonormal axes, k x D, row-major, by descending variance. The value of largest magnitude on
   * each axis is positive.
   */
  readonly axes: Float32Array;
  /** Variance along each axis, divided by n - 1. */
  readonly explainedVariance: Float64Array;
  /**
   * The same as a share of the total variance: the explained-variance curve, one point per
   * component.
   */
  readonly explainedVarianceRatio: Float64Array;
  /** Sum of the variances of all D columns, divided by n - 1. */
  readonly totalVariance: number;
  /** Number of rows fitted. */
  readonly rows: number;
}

/** Number of rows reduced at once. */
const blockRows = 512;

/**
 * Reduces rows to k values each: (x - mean) axes', float32.
 *
 * @param rows `count` x D, row-major.
 * @returns `count` x k, row-major.
 * @throws UsageError if there are fewer values than `count` rows need, or a row contains NaN or
 * infinity.
 *
 * @example
 * const values = new Float32Array(10 * pca.dimension);
 * const reduced = await transform(pca, values, 10);
 */
export async function transform(pca: Pca, rows: Float32Array, count: number): Promise<Float32Array> {
  checkInteger('count', count, 0);
  const { dimension, components, mean, axes } = pca;
  checkRows(rows, count, dimension);
  const reduced = new Float32Array(count * components);
  const centred = new Float32Array(Math.min(blockRows, count) * dimension);
  for (let first = 0; first < count; first += blockRows) {
    const taken = Math.min(blockRows, count - first);
    for (let row = 0, at = 0; row < taken; row++) {
      const from = (first + row) * dimension;
      for (let column = 0; column < dimension; column++, at++) {
        centred[at] = (rows[from + column] as number) - (mean[column] as number);
      }
    }
    await onnxMatMul().multiply(
      { values: centred.subarray(0, taken * dimension), rows: taken, columns: dimension },
      { values: axes, rows: components, columns: dimension, transposed: true },
      reduced.subarray(first * components, (first + taken) * components),
    );
  }
  return reduced;
}

/**
 * Turns each of the `count` axes (rows of `dimension` values) so that its value of largest
 * magnitude, the first on a tie, is positive: scikit-learn's `svd_flip` by components. Without a
 * rule the sign would be arbitrary.
 */
export function fixSigns(axes: Float64Array, count: number, dimension: number): void {
  for (let axis = 0; axis < count; axis++) {
    const row = axes.subarray(axis * dimension, (axis + 1) * dimension);
    let largest = 0;
    for (const value of row) if (Math.abs(value) > Math.abs(largest)) largest = value;
    if (largest < 0) for (let column = 0; column < dimension; column++) row[column] = -(row[column] as number);
  }
}

/**
 * Asserts that `rows` rows of `dimension` values can have `components` components.
 *
 * @throws UsageError if it is not an integer from 1 to min(rows, dimension).
 */
export function checkComponents(components: number, rows: number, dimension: number): void {
  checkInteger('components', components);
  if (components > Math.min(rows, dimension)) {
    throw new UsageError(
      `\`components\` must be at most min(rows, dimension) = min(${rows}, ${dimension}), but is ${components}`,
      { remedy: 'Ask for fewer components, or fit more rows.' },
    );
  }
}

/**
 * The total variance, checked.
 * @throws UsageError if the rows do not vary, or overflow.
 */
export function checkVariance(total: number, rows: number): number {
  if (!(total > 0) || !Number.isFinite(total)) {
    throw new UsageError(`the ${rows} rows must not all be equal, but their total variance is ${total}`, {
      remedy: 'Check the column: does it hold the features?',
    });
  }
  return total;
}
