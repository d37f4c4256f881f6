import { UsageError } from '../../core/errors.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import { countByGroup } from '../../io/ratings/rows-by-group.ts';
import { selectRatings } from '../../io/ratings/select-ratings.ts';

/**
 * The ratings of users and items that have at least this many ratings in the table. Both are
 * counted once, over all ratings.
 *
 * @throws UsageError `ratings` when none are left.
 */
export function withMinimumRatings(table: RatingTable, least: { users: number; items: number }): RatingTable {
  if (least.users <= 1 && least.items <= 1) return table;
  const ofUsers = countByGroup(table.users, table.userIds.length);
  const ofItems = countByGroup(table.items, table.itemIds.length);
  const rows = Int32Array.from(table.values.keys()).filter(
    (row) =>
      (ofUsers[table.users[row] as number] as number) >= least.users &&
      (ofItems[table.items[row] as number] as number) >= least.items,
  );
  if (rows.length === 0) {
    throw new UsageError(
      `no user has ${least.users} ratings and rated an item that has ${least.items}: no ratings are left`,
      { code: 'ratings', remedy: 'Lower `minUserRatings` or `minItemRatings`.' },
    );
  }
  return selectRatings(table, rows);
}
