import { checkInteger, checkOneOf } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { Draws, numbersBelow, orderOfDraws } from './draws.ts';
import { identifierRanks } from './identifiers.ts';
import { keptRows } from './kept-rows.ts';
import type { RatingTable } from './rating-table.ts';
import { countByGroup, rowsByGroup } from './rows-by-group.ts';

/** The ratings of the items and users with the most ratings. */
export interface StartingSubset {
  /** int32[]: row numbers of the table, ascending. */
  readonly rows: Int32Array;
  /** How many items and users were chosen: fewer than requested if there are no more. */
  readonly items: number;
  readonly users: number;
}

/**
 * The ratings that the top users gave the top items. Both are ranked by their number of ratings
 * among `rows`, the filtered ratings; ties by ascending id.
 *
 * @param rows the filtered ratings, row numbers of `table`; all if left out.
 * @throws UsageError when `items` or `users` is not a positive integer.
 */
export function startingSubset(
  table: RatingTable,
  size: { readonly items: number; readonly users: number },
  rows?: Int32Array,
): StartingSubset {
  checkInteger('items', size.items);
  checkInteger('users', size.users);
  const items = mostRated(table.items, table.itemIds, size.items, rows);
  const users = mostRated(table.users, table.userIds, size.users, rows);
  const all = rows ?? numbersBelow(table.users.length);
  const chosen = keptRows(
    all,
    (row) => items.chosen[table.items[row] as number] === 1 && users.chosen[table.users[row] as number] === 1,
  );
  return { rows: chosen.sort(), items: items.count, users: users.count };
}

function mostRated(keys: Int32Array, ids: readonly string[], most: number, rows: Int32Array | undefined) {
  const counts = countByGroup(keys, ids.length, rows);
  const ranks = identifierRanks(ids);
  const order = Int32Array.from(counts.keys()).filter((index) => (counts[index] as number) > 0);
  order.sort(
    (left, right) =>
      (counts[right] as number) - (counts[left] as number) || (ranks[left] as number) - (ranks[right] as number),
  );
  const chosen = new Uint8Array(ids.length);
  for (const index of order.subarray(0, most)) chosen[index] = 1;
  return { chosen, count: Math.min(most, order.length) };
}

/** A fixed number of ratings from each user. */
export interface RatingsPerUser {
  /** int32[]: row numbers of the table, ascending. */
  readonly rows: Int32Array;
  /** Users who had fewer ratings than requested: kept with all they have, or dropped. */
  readonly usersWithFewer: number;
}

/**
 * Draws a fixed number of ratings from each user at random, with the seed.
 *
 * @param options.fewer whether users with fewer ratings keep all of them (`keep`, the default) or
 * are left out (`drop`).
 * @throws UsageError when `count` is not a positive integer or the seed is not one from 0
 * to 4294967295.
 */
export function ratingsPerUser(
  table: RatingTable,
  options: { readonly count: number; readonly seed: number; readonly fewer?: 'keep' | 'drop' | undefined },
): RatingsPerUser {
  const count = checkInteger('count', options.count);
  const fewer = checkOneOf('fewer', options.fewer ?? 'keep', ['keep', 'drop']);
  const draws = new Draws(options.seed, 'ratings-per-user').ofRatings(table);
  const { rows, starts } = rowsByGroup(table.users, table.userIds.length);
  const parts: Int32Array[] = [];
  let usersWithFewer = 0;
  for (let user = 0; user < table.userIds.length; user += 1) {
    const own = rows.subarray(starts[user], starts[user + 1]);
    if (own.length > 0 && own.length < count) usersWithFewer += 1;
    if (own.length >= count) parts.push(orderOfDraws(draws, own).subarray(0, count));
    else if (fewer === 'keep') parts.push(own);
  }
  return { rows: joinRows(parts), usersWithFewer };
}

/** Merges several lists of row numbers into one, ascending. */
export function joinRows(parts: readonly Int32Array[]): Int32Array {
  const joined = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined.sort();
}

/** @throws UsageError when a table has no ratings left after `step`. */
export function checkNotEmpty(rows: number, step: string): void {
  if (rows === 0) throw new UsageError(`no ratings are left after ${step}`, { code: 'ratings' });
}
