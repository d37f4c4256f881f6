import { float32Text } from '../io/ratings/rating-text.ts';

/**
 * Ratings as the decimal numbers that they were written as: the float32 next to 3.7 lies below 3.7
 * and would miss a threshold of 3.7.
 *
 * @returns float64, the shortest decimal number that each float32 stands for.
 */
export function decimalRatings(values: Float32Array): Float64Array {
  const known = new Map<number, number>();
  return Float64Array.from(values, (value) => {
    let decimal = known.get(value);
    if (decimal === undefined) {
      decimal = Number(float32Text(value));
      if (known.size < 4096) known.set(value, decimal);
    }
    return decimal;
  });
}
