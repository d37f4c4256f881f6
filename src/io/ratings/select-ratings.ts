import { identifierRanks } from './identifiers.ts';
import type { RatingTable } from './rating-table.ts';
import { rowsByGroup } from './rows-by-group.ts';

/**
 * A table of some rows of another, in canonical form: only the users and items that occur, both
 * numbered by ascending id, with rows sorted by user and then item. So the result does not depend
 * on the order of the lines in the file, and an item's number is its rank wherever ties are broken
 * by ascending id.
 *
 * @param rows row numbers of `table`, each at most once; all if left out.
 */
export function selectRatings(table: RatingTable, rows?: Int32Array): RatingTable {
  return selectWithRows(table, rows).ratings;
}

/** Like `selectRatings`, but also returns the row of `table` for each row of the result. */
export function selectWithRows(
  table: RatingTable,
  rows?: Int32Array,
): { readonly ratings: RatingTable; readonly rows: Int32Array } {
  const items = renumbered(table.items, table.itemIds, rows);
  const users = renumbered(table.users, table.userIds, rows);
  // By item first, then stably by user: a radix sort by the pair.
  const byItem = rowsByGroup(table.items, items.ids.length, rows, items.numberOf).rows;
  const order = rowsByGroup(table.users, users.ids.length, byItem, users.numberOf).rows;
  const pick = <T extends Int32Array | Float32Array | Float64Array>(from: T, into: T): T => {
    for (let index = 0; index < order.length; index += 1) into[index] = from[order[index] as number] as number;
    return into;
  };
  const selected = {
    users: renumber(pick(table.users, new Int32Array(order.length)), users.numberOf),
    items: renumber(pick(table.items, new Int32Array(order.length)), items.numberOf),
    values: pick(table.values, new Float32Array(order.length)),
    userIds: users.ids,
    itemIds: items.ids,
  };
  const timestamps = table.timestamps && pick(table.timestamps, new Float64Array(order.length));
  return { ratings: { ...selected, timestamps }, rows: order };
}

/** The new number for each old one that occurs, and the ids in the order of the new numbers. */
function renumbered(keys: Int32Array, ids: readonly string[], rows: Int32Array | undefined) {
  const used = new Uint8Array(ids.length);
  for (let index = 0; index < (rows?.length ?? keys.length); index += 1) {
    used[keys[rows === undefined ? index : (rows[index] as number)] as number] = 1;
  }
  const kept = ids.flatMap((id, index) => (used[index] === 1 ? [{ id, index }] : []));
  const ranks = identifierRanks(kept.map(({ id }) => id));
  const numberOf = new Int32Array(ids.length);
  const newIds = new Array<string>(kept.length);
  for (const [position, { id, index }] of kept.entries()) {
    const rank = ranks[position] as number;
    numberOf[index] = rank;
    newIds[rank] = id;
  }
  return { numberOf, ids: newIds };
}

/** Works in place. */
function renumber(numbers: Int32Array, numberOf: Int32Array): Int32Array {
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = numberOf[numbers[at] as number] as number;
  return numbers;
}
