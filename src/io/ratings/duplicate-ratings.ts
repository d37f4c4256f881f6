import type { RatingTable } from './rating-table.ts';
import { rowsByGroup } from './rows-by-group.ts';

/** What to do with a second rating of one item by one user. */
export type DuplicateRatingRule = 'error' | 'first' | 'last';

/**
 * Resolves pairs of user and item that occur more than once in a table: keeps the first or the last
 * row of each in file order, or calls `refuse` with the second row and the first. Besides the table
 * it holds 4 bytes per item and, if the rows of a user are not consecutive, 4 per row; plus 1 per
 * row once a duplicate is found.
 *
 * @returns the table itself if it has no duplicates, and how many rows were dropped.
 */
export function settleDuplicates(
  table: RatingTable,
  rule: DuplicateRatingRule,
  refuse: (row: number, earlier: number) => never,
): { table: RatingTable; dropped: number } {
  const { users, items } = table;
  const order = usersFollowOneAnother(users, table.userIds.length)
    ? undefined
    : rowsByGroup(users, table.userIds.length).rows;
  /** The row, plus 1, in which an item was last rated, by any user. */
  const latest = new Int32Array(table.itemIds.length);
  let dropped: Uint8Array | undefined;
  let count = 0;
  for (let index = 0; index < users.length; index += 1) {
    const row = order === undefined ? index : (order[index] as number);
    const item = items[row] as number;
    const earlier = (latest[item] as number) - 1;
    if (earlier >= 0 && users[earlier] === users[row]) {
      if (rule === 'error') refuse(row, earlier);
      dropped ??= new Uint8Array(users.length);
      dropped[rule === 'first' ? row : earlier] = 1;
      count += 1;
      if (rule === 'first') continue;
    }
    latest[item] = row + 1;
  }
  return dropped === undefined ? { table, dropped: 0 } : { table: without(table, dropped, count), dropped: count };
}

function usersFollowOneAnother(users: Int32Array, userCount: number): boolean {
  const seen = new Uint8Array(userCount);
  for (let row = 0; row < users.length; row += 1) {
    const user = users[row] as number;
    if (row > 0 && users[row - 1] === user) continue;
    if (seen[user] === 1) return false;
    seen[user] = 1;
  }
  return true;
}

function without(table: RatingTable, dropped: Uint8Array, count: number): RatingTable {
  const kept = <T extends Int32Array | Float32Array | Float64Array>(from: T, into: T): T => {
    let at = 0;
    for (let row = 0; row < from.length; row += 1) if (dropped[row] === 0) into[at++] = from[row] as number;
    return into;
  };
  const rows = table.users.length - count;
  const rest = {
    ...table,
    users: kept(table.users, new Int32Array(rows)),
    items: kept(table.items, new Int32Array(rows)),
    values: kept(table.values, new Float32Array(rows)),
  };
  return table.timestamps === undefined
    ? rest
    : { ...rest, timestamps: kept(table.timestamps, new Float64Array(rows)) };
}
