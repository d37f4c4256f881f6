/**
 * The rows that pass, in their order. As `filter` of an Int32Array, without the list of twice its
 * size that this makes on the way.
 *
 * @param keep asked twice of each row.
 */
export function keptRows(rows: Int32Array, keep: (row: number) => boolean): Int32Array {
  let count = 0;
  for (let at = 0; at < rows.length; at += 1) if (keep(rows[at] as number)) count += 1;
  const kept = new Int32Array(count);
  count = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as number;
    if (keep(row)) kept[count++] = row;
  }
  return kept;
}
