import { checkInteger, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/**
 * Asserts that `rows` holds at least `count` rows of `dimension` values, all finite. `firstRow` is
 * the number of the first row in messages.
 *
 * @throws UsageError `usage` for the wrong length or type, `not-finite` naming the first row with
 * NaN or infinity.
 */
export function checkRows(rows: unknown, count: number, dimension: number, firstRow = 0): asserts rows is Float32Array {
  if (!(rows instanceof Float32Array)) throw new UsageError(`\`rows\` must be a Float32Array, but is ${shown(rows)}`);
  checkInteger('count', count, 0);
  if (rows.length < count * dimension) {
    throw new UsageError(
      `\`rows\` must hold ${count} rows of ${dimension} values = ${count * dimension}, but holds ${rows.length} values`,
      { code: 'dimension', remedy: 'Check that all vectors have the dimension of the first.' },
    );
  }
  for (let row = 0; row < count; row++) {
    const start = row * dimension;
    // Zero times NaN or infinity is NaN, so one comparison per row suffices instead of one per
    // value.
    let probe = 0;
    for (let index = start; index < start + dimension; index++) probe += (rows[index] as number) * 0;
    if (probe !== 0) throw notFinite(rows.subarray(start, start + dimension), firstRow + row);
  }
}

function notFinite(values: Float32Array, row: number): UsageError {
  const column = values.findIndex((value) => !Number.isFinite(value));
  return new UsageError(`row ${row} must be finite, but value ${column} is ${values[column]}`, {
    code: 'not-finite',
    remedy: 'Leave the row out, or extract its item again.',
  });
}
