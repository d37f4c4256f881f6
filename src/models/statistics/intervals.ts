import { randomIntegers } from '../../core/random-integers.ts';
import { deviationOf, meanOf } from './sample.ts';
import { studentQuantile } from './student-t.ts';

/** A confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** What decides an interval by bootstrap. */
export interface BootstrapOptions {
  /** Default 0.95. */
  readonly level?: number | undefined;
  /** Samples drawn. Default 2,000. */
  readonly resamples?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/**
 * Confidence interval of the mean by Student's t; NaN of fewer than two values.
 *
 * @example
 * meanInterval([1, 2, 3]); // { low: -0.484, high: 4.484 }
 */
export function meanInterval(values: ArrayLike<number>, level = 0.95): Interval {
  const { length } = values;
  if (length < 2) return { low: Number.NaN, high: Number.NaN };
  const half = (studentQuantile(1 - level, length - 1) * deviationOf(values)) / Math.sqrt(length);
  const mean = meanOf(values);
  return { low: mean - half, high: mean + half };
}

/**
 * Confidence interval of the mean of values that come in groups, such as the rows of each user:
 * groups are independent of each other, values within one need not be. With the mean m of n values
 * in G groups, its variance is G / (G - 1) sum over groups of (sum of (value - m))^2 / n^2 (Liang
 * and Zeger 1986), and the interval is Student's with G - 1 degrees of freedom. With one value in
 * each group it is `meanInterval`. NaN of fewer than two groups.
 *
 * @param groups - the group of each value, numbered from 0.
 * @example
 * groupedInterval([1, 2, 3, 4], Int32Array.of(0, 0, 1, 1));
 */
export function groupedInterval(values: ArrayLike<number>, groups: Int32Array, level = 0.95): Interval {
  const mean = meanOf(values);
  const sums = new Map<number, number>();
  for (const [at, group] of groups.entries()) {
    sums.set(group, (sums.get(group) ?? 0) + (values[at] as number) - mean);
  }
  const count = sums.size;
  if (count < 2) return { low: Number.NaN, high: Number.NaN };
  let squares = 0;
  for (const sum of sums.values()) squares += sum ** 2;
  const error = Math.sqrt((count / (count - 1)) * squares) / values.length;
  const half = studentQuantile(1 - level, count - 1) * error;
  return { low: mean - half, high: mean + half };
}

/**
 * Confidence interval of the mean by the percentile bootstrap: the values are drawn again with
 * replacement, by the seed. Percentiles are interpolated between the order statistics. NaN of no
 * value.
 *
 * @example
 * bootstrapInterval([1, 2, 3, 4], { seed: 1 });
 */
export function bootstrapInterval(values: ArrayLike<number>, options: BootstrapOptions = {}): Interval {
  const { level = 0.95, resamples = 2000, seed = 1 } = options;
  const { length } = values;
  if (length === 0) return { low: Number.NaN, high: Number.NaN };
  const next = randomIntegers(`reelflow-bootstrap-1:${seed}`);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < length; draw++) sum += values[Math.floor(((next() >>> 0) / 2 ** 32) * length)] as number;
    return sum / length;
  }).sort();
  return { low: percentile(means, (1 - level) / 2), high: percentile(means, (1 + level) / 2) };
}

function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
