import { UsageError } from '../../core/errors.ts';
import { checkComponents, checkVariance, fixSigns, type Pca } from './fitted-pca.ts';
import type { Moments, MomentValues } from './moments.ts';
import type { SymmetricOperator } from './symmetric-operator.ts';
import { topEigen } from './top-eigen.ts';

/** Number of components to start with if only a share of the variance is requested. */
const firstGuess = 64;
/** A share of 1 counts as reached if at most this much is missing, to allow for rounding. */
const roundingShare = 1e-12;

/**
 * Fits a PCA to the moments of all rows: the eigenvectors of the covariance C = (P - s s' / n) /
 * (n - 1), largest first. `components` asks for a number of them, `variance` (above 0, at most 1)
 * for the smallest number whose variances add up to that share of the total. Up to 512 dimensions
 * the eigenvectors are computed directly; above, by filtered subspace iteration, see `topEigen`.
 * Waiting rows of the moments are computed first; the moments stay usable. Equal moments give equal
 * bytes. Memory: 8 D (k + 0.15 k) bytes five times over, besides the moments.
 *
 * @throws UsageError for fewer than 2 rows, rows that do not vary, more components than min(rows,
 * D), a share out of range.
 *
 * @example
 * const moments = new Moments(4096);
 * const { axes, explainedVarianceRatio } = await fitExact(moments, { components: 600 });
 */
export async function fitExact(moments: Moments, options: { components: number } | { variance: number }): Promise<Pca> {
  await moments.settle();
  const { values, dimension } = moments;
  const { count } = values;
  if (count < 2) throw new UsageError(`PCA must have at least 2 rows, but has ${count}`);
  const most = Math.min(count, dimension);
  const operator = covariance(values);
  const totalVariance = checkVariance(operator.trace, count);
  let start: number;
  let wanted: (estimates: Float64Array) => number | undefined;
  if ('components' in options) {
    checkComponents(options.components, count, dimension);
    start = options.components;
    wanted = () => start;
  } else {
    const { variance } = options;
    if (typeof variance !== 'number' || !(variance > 0 && variance <= 1)) {
      throw new UsageError(`\`variance\` must be a number above 0 and at most 1, but is ${String(variance)}`);
    }
    start = Math.min(firstGuess, most);
    wanted = (estimates) => leastCount(estimates, variance, totalVariance);
  }
  const eigen = await topEigen(operator, wanted, start);
  const components = Math.min(most, wanted(eigen.values) ?? most);
  const axes = eigen.vectors.subarray(0, components * dimension);
  fixSigns(axes, components, dimension);
  const explainedVariance = eigen.values.slice(0, components).map((value) => Math.max(0, value));
  return {
    algorithm: 'exact',
    dimension,
    components,
    mean: Float32Array.from(values.shift, (value, index) => value + (values.sum[index] as number) / count),
    axes: Float32Array.from(axes),
    explainedVariance,
    explainedVarianceRatio: explainedVariance.map((value) => value / totalVariance),
    totalVariance,
    rows: count,
  };
}

/**
 * The smallest number of leading variances that add up to the share, or undefined if all of them
 * together do not.
 */
function leastCount(variances: Float64Array, share: number, total: number): number | undefined {
  let sum = 0;
  for (const [index, variance] of variances.entries()) {
    sum += variance;
    if (sum >= (share - roundingShare) * total) return index + 1;
  }
  return undefined;
}

/**
 * The covariance as an operator: the rank-one correction is applied to each block, so that no
 * second D x D matrix is needed.
 */
function covariance(values: MomentValues): SymmetricOperator {
  const { count, sum, products } = values;
  const { dimension } = products;
  const divisor = count - 1;
  const corrected = (product: number, row: number, column: number) =>
    (product - ((sum[row] as number) * (sum[column] as number)) / count) / divisor;
  const trace = products
    .diagonal()
    .reduce((total, product, index) => total + Math.max(0, corrected(product, index, index)), 0);
  return {
    dimension,
    trace,
    async times(block, columns, precision, target) {
      const image = await products.times(block, columns, precision, target);
      const weights = new Float64Array(columns);
      for (let row = 0, at = 0; row < dimension; row++) {
        for (let column = 0; column < columns; column++, at++) {
          weights[column] = (weights[column] as number) + (sum[row] as number) * (block[at] as number);
        }
      }
      for (let row = 0, at = 0; row < dimension; row++) {
        const share = (sum[row] as number) / count;
        for (let column = 0; column < columns; column++, at++) {
          image[at] = ((image[at] as number) - share * (weights[column] as number)) / divisor;
        }
      }
      return image;
    },
    dense() {
      const full = products.dense();
      for (let row = 0, at = 0; row < dimension; row++) {
        for (let column = 0; column < dimension; column++, at++) {
          full[at] = corrected(full[at] as number, row, column);
        }
      }
      return full;
    },
  };
}
