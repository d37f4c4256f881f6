import { keptRows } from './kept-rows.ts';
import type { RatingTable } from './rating-table.ts';
import { countByGroup } from './rows-by-group.ts';

/**
 * The k-core of ratings: the largest set in which each user and each item has at least `k` ratings.
 * Removing a user removes ratings from items, so counting is repeated until nothing changes.
 *
 * @param rows row numbers of `table`, ascending; all rows if left out.
 * @returns row numbers, ascending; may be empty.
 *
 * @example
 * const core = selectRatings(ratings, kCore(ratings, 5));
 */
export function kCore(table: RatingTable, k: number, rows?: Int32Array): Int32Array {
  let core = rows ?? Int32Array.from(table.users.keys());
  for (;;) {
    const ofUsers = countByGroup(table.users, table.userIds.length, core);
    const ofItems = countByGroup(table.items, table.itemIds.length, core);
    const kept = keptRows(
      core,
      (row) =>
        (ofUsers[table.users[row] as number] as number) >= k && (ofItems[table.items[row] as number] as number) >= k,
    );
    if (kept.length === core.length) return kept;
    core = kept;
  }
}
