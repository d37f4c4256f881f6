import { existsSync, readFileSync } from 'node:fs';
import { Moments } from '../../../src/models/pca/moments.ts';

/** Seeded numbers in [0, 1): 32-bit xorshift. */
export function seeded(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Rows of a few directions of falling variance, an offset and noise. */
export function mixedRows(count: number, dimension: number, directions: number, seed = 1): Float32Array {
  const random = seeded(seed);
  const axes = Float64Array.from({ length: directions * dimension }, () => random() - 0.5);
  const rows = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++) {
    const weights = Array.from({ length: directions }, (_, index) => (8 * (random() - 0.5)) / (1 + index));
    for (let column = 0; column < dimension; column++) {
      let value = 3 + 0.02 * (random() - 0.5);
      for (const [index, weight] of weights.entries()) value += weight * (axes[index * dimension + column] as number);
      rows[row * dimension + column] = value;
    }
  }
  return rows;
}

/** Mean and covariance of rows, by their definition. */
export function directCovariance(rows: Float32Array, dimension: number): { mean: number[]; covariance: number[][] } {
  const count = rows.length / dimension;
  const value = (row: number, column: number) => rows[row * dimension + column] as number;
  const indices = Array.from({ length: count }, (_, row) => row);
  const columns = Array.from({ length: dimension }, (_, column) => column);
  const mean = columns.map((column) => indices.reduce((sum, row) => sum + value(row, column), 0) / count);
  const covariance = columns.map((i) =>
    columns.map(
      (j) =>
        indices.reduce((sum, row) => sum + (value(row, i) - (mean[i] ?? 0)) * (value(row, j) - (mean[j] ?? 0)), 0) /
        (count - 1),
    ),
  );
  return { mean, covariance };
}

/** Mean and covariance that moments stand for. */
export function covarianceOf(moments: Moments): { mean: number[]; covariance: number[][] } {
  const { count, shift, sum, products } = moments.values;
  const full = products.dense();
  const columns = Array.from(sum.keys());
  return {
    mean: columns.map((column) => (shift[column] ?? 0) + (sum[column] ?? 0) / count),
    covariance: columns.map((i) =>
      columns.map((j) => ((full[i * sum.length + j] ?? 0) - ((sum[i] ?? 0) * (sum[j] ?? 0)) / count) / (count - 1)),
    ),
  };
}

/** Settled moments of rows. */
export async function momentsOf(rows: Float32Array, dimension: number, shift?: ArrayLike<number>): Promise<Moments> {
  const moments = new Moments(dimension, shift === undefined ? {} : { shift });
  await moments.add(rows, rows.length / dimension);
  await moments.settle();
  return moments;
}

/** Largest difference of two lists of numbers of equal length; infinite for other lengths. */
export function difference(left: ArrayLike<number>, right: ArrayLike<number>): number {
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < left.length; index++) {
    largest = Math.max(largest, Math.abs((left[index] as number) - (right[index] as number)));
  }
  return largest;
}

/** Largest difference of axes, row by row, each up to its sign. */
export function axesDifference(left: ArrayLike<number>, right: ArrayLike<number>, dimension: number): number {
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  const [a, b] = [Array.from(left), Array.from(right)];
  let largest = 0;
  for (let start = 0; start < a.length; start += dimension) {
    const row = a.slice(start, start + dimension);
    const other = b.slice(start, start + dimension);
    const turned = other.map((value) => -value);
    largest = Math.max(largest, Math.min(difference(row, other), difference(row, turned)));
  }
  return largest;
}

const referencePath = '../shared/data/reference/incremental_pca_sklearn.json';

/** Whether scikit-learn's figures are there. */
export const hasReference = existsSync(referencePath);

interface Fit {
  readonly singular_values: number[];
  readonly components: number[][];
  readonly explained_variance_ratio: number[];
  readonly explained_variance: number[];
  readonly mean: number[];
  readonly transform_first3: number[][];
}

/** scikit-learn's fits of `referenceRows`. */
export function reference(): {
  readonly full_pca: Fit;
  readonly batch60: Fit;
  readonly uneven_batches_7_73_120_40: Fit;
} {
  return JSON.parse(readFileSync(referencePath, 'utf8'));
}

/** The 240 x 16 rows of the reference, by the generator that it describes. */
export function referenceRows(): Float32Array {
  let state = 12345n;
  const rows = Float64Array.from({ length: 240 * 16 }, () => {
    state = (1103515245n * state + 12345n) % 2147483648n;
    return Number(state) / 2 ** 31;
  });
  for (let start = 0; start < rows.length; start += 16) {
    const row = rows.subarray(start, start + 16);
    row[0] = (row[0] as number) * 5;
    row[3] = (row[3] as number) + 2 * (row[0] as number);
    row[7] = (row[7] as number) - 3 * (row[1] as number);
    row[9] = (row[9] as number) * 0.01;
  }
  return Float32Array.from(rows);
}
