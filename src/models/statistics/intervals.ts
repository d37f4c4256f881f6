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
