/**
 * The rows that pass, in order. Like `filter` of an Int32Array, but without its intermediate list
 * of twice the size.
 *
 * @param keep called twice for each row.
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
