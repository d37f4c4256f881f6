import type { Vector } from 'apache-arrow';
import { openTable } from '../dataset/table-reader.ts';
import { type BadLines, fileFault } from './bad-lines.ts';
import { columnValues } from './column-values.ts';
import { decimalText } from './fields.ts';
import { isWhole, locateColumns, missingColumns, type RatingColumnNames } from './rating-layout.ts';
import type { RatingSink } from './rating-sink.ts';

/**
 * Reads the ratings of a Parquet or Arrow file, a batch of rows at a time. Ids may be integers or
 * texts; ratings any numbers.
 *
 * @returns rows read.
 * @throws UsageError `ratings` when the columns are not there; RatingFileError for a bad row unless
 * they are skipped.
 */
export async function readRatingRows(
  path: string,
  names: RatingColumnNames,
  sink: RatingSink,
  bad: BadLines,
  signal?: AbortSignal,
): Promise<number> {
  const probe = await openTable(path, { signal });
  const columns = probe.schema.fields.map((field) => String(field.name));
  await probe.close();
  const at = locateColumns(columns, names, path);
  if (!isWhole(at, sink.onlyUser !== undefined)) throw missingColumns(path, columns);
  const [item, rating] = [columns[at.item] as string, columns[at.rating] as string];
  const user = at.user < 0 ? undefined : columns[at.user];
  const time = sink.timestamps && at.timestamp >= 0 ? columns[at.timestamp] : undefined;
  if (sink.timestamps && time === undefined) throw fileFault(path, `has no ${sink.fourth}s`);
  const columnsWanted = [user, item, rating, time].filter((name) => name !== undefined);
  const table = await openTable(path, { columns: columnsWanted, signal });
  let row = 0;
  try {
    for await (const { batch } of table.batches()) {
      signal?.throwIfAborted();
      const column = (name: string) => columnValues(batch.getChild(name) as Vector);
      const [items, ratings] = [column(item), column(rating)];
      const users = user === undefined ? undefined : column(user);
      const times = time === undefined ? undefined : column(time);
      for (let index = 0; index < batch.numRows; index += 1) {
        row += 1;
        const value = numberOf(ratings(index));
        const stamp = times ? numberOf(times(index)) : 0;
        if (!sink.fits(value)) bad.add(row, sink.misfit(shown(ratings(index)), value));
        else if (Number.isNaN(stamp)) bad.add(row, sink.notNumber(shown(times?.(index))));
        else
          sink.addTexts(
            users ? textOf(users(index)) : (sink.onlyUser ?? ''),
            textOf(items(index)),
            value,
            stamp,
            row,
            bad,
          );
      }
    }
  } finally {
    await table.close();
  }
  return row;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' ? decimalText(value) : Number.NaN;
}

/** A value in a message; nothing for null. */
function shown(value: unknown): string {
  return String(value ?? '').trim();
}

/** The id that a value stands for: 7, 7n, 7.0 and '7' are the same. Nothing for null and NaN. */
function textOf(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? '' : shown(value);
}
