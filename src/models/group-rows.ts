/**
 * Row numbers grouped by owner, in ascending order within each: those of `owner` are
 * `rows[starts[owner]]` to `rows[starts[owner + 1] - 1]`.
 */
export function groupRows(owners: Int32Array, count: number): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(count + 1);
  for (let row = 0; row < owners.length; row++) {
    const next = (owners[row] as number) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  for (let owner = 0; owner < count; owner++) {
    starts[owner + 1] = (starts[owner + 1] as number) + (starts[owner] as number);
  }
  const free = starts.slice(0, count);
  const rows = new Int32Array(owners.length);
  for (let row = 0; row < owners.length; row++) {
    const owner = owners[row] as number;
    const place = free[owner] as number;
    rows[place] = row;
    free[owner] = place + 1;
  }
  return { starts, rows };
}
