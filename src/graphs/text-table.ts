/**
 * Rows as text with aligned columns: the first column aligned left, all others (numbers) aligned
 * right.
 *
 * @example
 * alignedRows([['name', 'rmse'], ['svd', '0.87']]); // ['name  rmse', 'svd   0.87']
 */
export function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
