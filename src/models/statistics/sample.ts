import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/** The mean of numbers; NaN of none. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] as number;
  return sum / values.length;
}

/** Sample standard deviation (n - 1); NaN of fewer than two. */
export function deviationOf(values: ArrayLike<number>): number {
  if (values.length < 2) return Number.NaN;
  const mean = meanOf(values);
  let squares = 0;
  for (let index = 0; index < values.length; index++) squares += ((values[index] as number) - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The differences left - right of two samples, value by value.
 *
 * @throws UsageError when the lengths differ or a value is not finite.
 */
export function differencesOf(left: ArrayLike<number>, right: ArrayLike<number>): Float64Array {
  if (left.length !== right.length) {
    throw new UsageError(`paired samples must have the same length, but have ${left.length} and ${right.length}`);
  }
  return Float64Array.from({ length: left.length }, (_, index) => {
    for (const value of [left[index], right[index]]) {
      if (!Number.isFinite(value)) throw new UsageError(`paired samples must be finite, but have ${shown(value)}`);
    }
    return (left[index] as number) - (right[index] as number);
  });
}
