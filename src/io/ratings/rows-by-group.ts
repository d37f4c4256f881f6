/**
 * Rows grouped by a key: the rows of group g are `rows[starts[g] .. starts[g + 1])`, in ascending
 * order.
 */
export interface RowsByGroup {
  readonly rows: Int32Array;
  /** int32[groups + 1]. */
  readonly starts: Int32Array;
}

/**
 * Groups rows by user, item or any other small number, with a counting sort: O(rows + groups) time
 * and 4 bytes per row.
 *
 * @param keys int32[all rows]: the group of each row, 0 .. groups - 1.
 * @param rows the rows, in the order that they should have within their group; all if left out.
 * @param groupOf the group of each key, if the keys are not the groups themselves.
 */
export function rowsByGroup(keys: Int32Array, groups: number, rows?: Int32Array, groupOf?: Int32Array): RowsByGroup {
  const count = rows?.length ?? keys.length;
  const starts = new Int32Array(groups + 1);
  for (let index = 0; index < count; index += 1) {
    const given = keys[rows === undefined ? index : (rows[index] as number)] as number;
    const key = groupOf === undefined ? given : (groupOf[given] as number);
    starts[key + 1] = (starts[key + 1] as number) + 1;
  }
  for (let group = 0; group < groups; group += 1) {
    starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
  }
  const next = starts.slice(0, groups);
  const gathered = new Int32Array(count);
  for (let index = 0; index < count; index += 1) {
    const row = rows === undefined ? index : (rows[index] as number);
    const given = keys[row] as number;
    const key = groupOf === undefined ? given : (groupOf[given] as number);
    const at = next[key] as number;
    gathered[at] = row;
    next[key] = at + 1;
  }
  return { rows: gathered, starts };
}

/** How many of the rows belong to each group: int32[groups]. */
export function countByGroup(keys: Int32Array, groups: number, rows?: Int32Array): Int32Array {
  const counts = new Int32Array(groups);
  const count = rows?.length ?? keys.length;
  for (let index = 0; index < count; index += 1) {
    const key = keys[rows === undefined ? index : (rows[index] as number)] as number;
    counts[key] = (counts[key] as number) + 1;
  }
  return counts;
}
