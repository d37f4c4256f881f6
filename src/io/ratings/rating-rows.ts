import { DataType, type Vector } from 'apache-arrow';
import { openTable } from '../dataset/table-reader.ts';
import { type BadLines, fileFault } from './bad-lines.ts';
import { decimalText } from './fields.ts';
import { locateColumns, missingColumns, type RatingColumnNames } from './rating-layout.ts';
import type { RatingSink } from './rating-sink.ts';

/**
 * Reads the ratings of a Parquet or Arrow file, a batch of rows at a time. Ids may be integers or texts; ratings any numbers.
 *
 * @returns rows read.
 * @throws UsageError `ratings` when the columns are not there; RatingFileError for a bad row unless they are skipped.
 */
export async function readRatingRows(
  path: string,
  names: RatingColumnNames,
  sink: RatingSink,
  bad: BadLines,
  signal?: AbortSignal,
): Promise<number> {
  const probe = await openTable(path);
  const columns = probe.schema.fields.map((field) => String(field.name));
  await probe.close();
  const at = locateColumns(columns, names, path);
  if (at.user < 0 || at.item < 0 || at.rating < 0) throw missingColumns(path, columns);
  const [user, item, rating] = [columns[at.user] as string, columns[at.item] as string, columns[at.rating] as string];
  const time = sink.timestamps && at.timestamp >= 0 ? columns[at.timestamp] : undefined;
  if (sink.timestamps && time === undefined) throw fileFault(path, `has no ${sink.fourth}s`);
  const table = await openTable(path, { columns: [user, item, rating, ...(time === undefined ? [] : [time])] });
  let row = 0;
  try {
    for await (const { batch } of table.batches()) {
      signal?.throwIfAborted();
      const column = (name: string) => valuesOf(batch.getChild(name) as Vector);
      const [users, items, ratings] = [column(user), column(item), column(rating)];
      const times = time === undefined ? undefined : column(time);
      for (let index = 0; index < batch.numRows; index += 1) {
        row += 1;
        const value = numberOf(ratings(index));
        const stamp = times ? numberOf(times(index)) : 0;
        if (!sink.fits(value)) bad.add(row, sink.misfit(textOf(ratings(index)), value));
        else if (Number.isNaN(stamp)) bad.add(row, sink.notNumber(textOf(times?.(index))));
        else sink.addTexts(textOf(users(index)), textOf(items(index)), value, stamp, row, bad);
      }
    }
  } finally {
    await table.close();
  }
  return row;
}

/** Reads a column's values row by row: numbers, integers or texts; of a decimal its text, of a time the seconds since 1970. */
function valuesOf(column: Vector): (row: number) => unknown {
  const { type } = column;
  if (DataType.isDecimal(type)) {
    return (row) => {
      const words: Uint32Array | null = column.get(row);
      return words && decimalOf(words, type.scale);
    };
  }
  if (DataType.isTimestamp(type) || DataType.isDate(type)) {
    return (row) => {
      // In milliseconds, whatever the column's unit.
      const time: number | null = column.get(row);
      return time === null ? null : time / 1000;
    };
  }
  return (row) => column.get(row);
}

/** The text of a decimal: its 32-bit words, the lowest first, in two's complement, make a whole number of 10^-scale. */
function decimalOf(words: Uint32Array, scale: number): string {
  const bits = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const value = BigInt.asIntN(32 * words.length, bits);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const rest = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${rest === '' ? '' : `.${rest}`}`;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' ? decimalText(value) : Number.NaN;
}

/** The id that a value stands for: 7, 7n, 7.0 and '7' are the same. Nothing for null and NaN. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '';
  return String(value).trim();
}
