import { UsageError } from '../../core/errors.ts';
import { type MetricValues, metrics, metricValues } from './metrics.ts';

/**
 * Errors of predicted ratings: `mae`, `rmse`, `mse`, and `nrmse` and `nmae`, which are divided by
 * the length of the scale.
 */
export type Accuracy = MetricValues<'ratings'>;

/** What error metrics are computed from. */
export interface ErrorSums {
  /** Number of ratings. */
  readonly count: number;
  /** Sum of |prediction - rating|. */
  readonly distances: number;
  /** Sum of (prediction - rating)^2. */
  readonly squares: number;
  /** Maximum - minimum of the scale. */
  readonly range: number;
}

/**
 * Errors of predicted ratings (eqs. 16-20 of the thesis), with equal weight for all rows.
 *
 * @throws UsageError if there are no rows, the lengths differ, or the scale's minimum is not below
 * its maximum.
 *
 * @example
 * accuracy(Float32Array.of(4, 2), Float32Array.of(3, 2), { minimum: 0.5, maximum: 5 }).mae; // 0.5
 */
export function accuracy(
  ratings: ArrayLike<number>,
  predictions: ArrayLike<number>,
  scale: { readonly minimum: number; readonly maximum: number },
): Accuracy {
  const { length } = ratings;
  if (length === 0 || length !== predictions.length) {
    throw new UsageError(
      `ratings and predictions must have the same length above 0, but have ${length} and ${predictions.length}`,
    );
  }
  const range = scale.maximum - scale.minimum;
  if (!(range > 0 && Number.isFinite(range))) {
    throw new UsageError(
      `the scale must have a finite minimum below its maximum, but has ${scale.minimum} and ${scale.maximum}`,
    );
  }
  let distances = 0;
  let squares = 0;
  for (let row = 0; row < length; row++) {
    const error = (predictions[row] as number) - (ratings[row] as number);
    distances += Math.abs(error);
    squares += error * error;
  }
  const sums = { count: length, distances, squares, range };
  return metricValues('ratings', (name) => metrics[name].of(sums));
}
