import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/** Larger numbers of users or items are assumed to be ids that have not been numbered from 0. */
const maxNumbers = 1 << 24;

/** Test ratings with their predictions, one pair of user and item per row, in any order. */
export interface PredictedRatings {
  /** Numbers from 0; numbers without a row are users that are not tested. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly ratings: Float32Array | Float64Array;
  readonly predictions: Float32Array | Float64Array;
}

/**
 * Checks predictions as a whole.
 *
 * @returns the number of users and items that the numbers imply.
 * @throws UsageError naming the row, for lengths that differ, no rows at all, a negative number, or
 * a rating or prediction that is not finite.
 */
export function checkPredictedRatings(rows: PredictedRatings): { userCount: number; itemCount: number } {
  const { users, items, ratings, predictions } = rows;
  if (!(users instanceof Int32Array)) throw new UsageError(`\`users\` must be an Int32Array, but is ${shown(users)}`);
  if (!(items instanceof Int32Array)) throw new UsageError(`\`items\` must be an Int32Array, but is ${shown(items)}`);
  checkFinite('ratings', ratings);
  checkFinite('predictions', predictions);
  const lengths = [users.length, items.length, ratings.length, predictions.length];
  if (lengths.some((length) => length !== users.length)) {
    throw new UsageError(
      `users, items, ratings and predictions must have the same length, but have ${lengths.slice(0, 3).join(', ')} and ${lengths[3]}`,
    );
  }
  if (users.length === 0) throw new UsageError('there must be at least one prediction, but there is none');
  return { userCount: countOf('users', users), itemCount: countOf('items', items) };
}

function countOf(name: string, numbers: Int32Array): number {
  let greatest = 0;
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row] as number;
    if (number < 0 || number >= maxNumbers) {
      throw new UsageError(`\`${name}\`[${row}] must be from 0 to ${maxNumbers - 1}, but is ${number}`);
    }
    if (number > greatest) greatest = number;
  }
  return greatest + 1;
}

function checkFinite(name: string, values: Float32Array | Float64Array): void {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new UsageError(`\`${name}\` must be a Float32Array or a Float64Array, but is ${shown(values)}`);
  }
  for (let row = 0; row < values.length; row++) {
    if (!Number.isFinite(values[row])) {
      throw new UsageError(`\`${name}\`[${row}] must be a finite number, but is ${values[row]}`);
    }
  }
}
