import type { RatingScale } from '../../core/rating-scale.ts';

/**
 * Ratings in compact columns, one row per rating. A user or item number is an index into the list
 * of ids. Takes twelve bytes per rating, twenty with times.
 */
export interface RatingTable {
  /** int32[rows]: index into `userIds`. */
  readonly users: Int32Array;
  /** int32[rows]: index into `itemIds`. */
  readonly items: Int32Array;
  /** float32[rows]: the ratings. */
  readonly values: Float32Array;
  readonly userIds: readonly string[];
  readonly itemIds: readonly string[];
  /**
   * float64[rows]: the times of the ratings as in the file (MovieLens: seconds since 1970), if
   * requested.
   */
  readonly timestamps?: Float64Array | undefined;
}

/**
 * The lowest and the highest rating in a table: the scale of a file that does not state one.
 *
 * @returns `{ minimum: NaN, maximum: NaN }` if there are no ratings.
 */
export function observedScale(values: Float32Array): RatingScale {
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] as number;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return values.length === 0 ? { minimum: Number.NaN, maximum: Number.NaN } : { minimum, maximum };
}

/** The mean of some rows' ratings; NaN if there are none. */
export function meanRating({ values }: Pick<RatingTable, 'values'>, rows: Int32Array): number {
  let sum = 0;
  for (let index = 0; index < rows.length; index += 1) sum += values[rows[index] as number] as number;
  return sum / rows.length;
}
