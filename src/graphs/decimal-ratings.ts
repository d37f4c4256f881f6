import { float32Text } from '../io/ratings/rating-text.ts';

/**
 * Ratings as the decimal numbers they were written as: the float32 nearest to 3.7 is below 3.7 and
 * would miss a threshold of 3.7.
 *
 * @returns as float64, the shortest decimal number that rounds to each float32.
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
