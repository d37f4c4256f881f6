import type { Points } from './points.ts';

/** A normal distribution, as a sample gives it. */
export interface Gaussian {
  readonly mean: Float64Array;
  /** n x n, row-major: sums of products over count - 1. */
  readonly covariance: Float64Array;
  readonly dimension: number;
}

/** L of a Cholesky factorisation A = L L', and ln(det A). */
export interface Factor {
  /** n x n, row-major, lower triangular. */
  readonly lower: Float64Array;
  readonly logDeterminant: number;
  readonly dimension: number;
}

/** Mean and covariance of points; of fewer than two the covariance is NaN. */
export function gaussianOf({ values, count, dimension }: Points): Gaussian {
  const mean = new Float64Array(dimension);
  for (let row = 0; row < count; row++) {
    for (let axis = 0; axis < dimension; axis++) {
      mean[axis] = (mean[axis] as number) + (values[row * dimension + axis] as number) / count;
    }
  }
  const covariance = new Float64Array(dimension * dimension);
  const centred = new Float64Array(dimension);
  for (let row = 0; row < count; row++) {
    for (let axis = 0; axis < dimension; axis++) {
      centred[axis] = (values[row * dimension + axis] as number) - (mean[axis] as number);
    }
    for (let at = 0; at < covariance.length; at++) {
      const product = (centred[Math.floor(at / dimension)] as number) * (centred[at % dimension] as number);
      covariance[at] = (covariance[at] as number) + product / (count - 1);
    }
  }
  if (count < 2) covariance.fill(Number.NaN);
  return { mean, covariance, dimension };
}

/** The factor of a symmetric matrix; undefined when it is not positive definite. */
export function factorise(matrix: Float64Array, dimension: number): Factor | undefined {
  const lower = new Float64Array(dimension * dimension);
  let logDeterminant = 0;
  for (let row = 0; row < dimension; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * dimension + column] as number;
      for (let k = 0; k < column; k++) {
        sum -= (lower[row * dimension + k] as number) * (lower[column * dimension + k] as number);
      }
      if (row !== column) lower[row * dimension + column] = sum / (lower[column * dimension + column] as number);
      else if (!(sum > 0)) return undefined;
      else {
        lower[row * dimension + row] = Math.sqrt(sum);
        logDeterminant += Math.log(sum);
      }
    }
  }
  return { lower, logDeterminant, dimension };
}

/** v' A^-1 v, with A = L L'. */
export function squaredMahalanobis({ lower, dimension }: Factor, vector: Float64Array): number {
  const solved = new Float64Array(dimension);
  let sum = 0;
  for (let row = 0; row < dimension; row++) {
    let rest = vector[row] as number;
    for (let column = 0; column < row; column++) {
      rest -= (lower[row * dimension + column] as number) * (solved[column] as number);
    }
    solved[row] = rest / (lower[row * dimension + row] as number);
    sum += (solved[row] as number) ** 2;
  }
  return sum;
}

/** How much is added to a covariance that has no inverse: this share of its trace. */
const RIDGE = 1e-9;

/**
 * The covariance of a normal distribution, and its factor. A covariance that has no inverse is
 * given a ridge of 1e-9 times its trace first, and `ridged` says so; one without any spread has no
 * factor.
 */
export function invertible({ covariance, dimension }: Gaussian): {
  readonly covariance: Float64Array;
  readonly factor: Factor | undefined;
  readonly ridged: boolean;
} {
  const factor = factorise(covariance, dimension);
  if (factor !== undefined) return { covariance, factor, ridged: false };
  let trace = 0;
  for (let axis = 0; axis < dimension; axis++) trace += covariance[axis * (dimension + 1)] as number;
  const raised = covariance.slice();
  for (let axis = 0; axis < dimension; axis++) {
    raised[axis * (dimension + 1)] = (raised[axis * (dimension + 1)] as number) + RIDGE * trace;
  }
  return { covariance: raised, factor: factorise(raised, dimension), ridged: true };
}
