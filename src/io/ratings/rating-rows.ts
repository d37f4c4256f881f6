import type { Vector } from 'apache-arrow';
import { nearTable } from '../dataset/far-table.ts';
import { openTable } from '../dataset/table-reader.ts';
import { type BadLines, fileFault } from './bad-lines.ts';
import { columnValues } from './column-values.ts';
import { decimalText } from './fields.ts';
import { isWhole, locateColumns, missingColumns, type RatingColumnNames } from './rating-layout.ts';
import type { RatingSink } from './rating-sink.ts';

/**
 * Reads the ratings of a Parquet or Arrow file, a batch of rows at a time. Ids may be integers or
 * texts; ratings may be any numbers.
 *
 * @returns the number of rows read.
 * @throws UsageError `ratings` when the columns do not exist; RatingFileError for a bad row, unless
 * bad rows are skipped.
 */
export async function readRatingRows(
  path: string,
  names: RatingColumnNames,
  sink: RatingSink,
  bad: BadLines,
  signal?: AbortSignal,
): Promise<number> {
  const near = await nearTable(path, signal);
  try {
    return await readNear(near.path, path, names, sink, bad, signal);
  } catch (error) {
    throw near.speaking(error);
  } finally {
    await near.remove();
  }
}

/** @param path what the ratings are called in messages. */
async function readNear(
  table: string,
  path: string,
  names: RatingColumnNames,
  sink: RatingSink,
  bad: BadLines,
  signal: AbortSignal | undefined,
): Promise<number> {
  const probe = await openTable(table, { signal });
  const columns = probe.schema.fields.map((field) => String(field.name));
  await probe.close();
  const at = locateColumns(columns, names, path);
  if (!isWhole(at, sink.onlyUser !== undefined)) throw missingColumns(path, columns);
  const [item, rating] = [columns[at.item] as string, columns[at.rating] as string];
  const user = at.user < 0 ? undefined : columns[at.user];
  const time = sink.timestamps && at.timestamp >= 0 ? columns[at.timestamp] : undefined;
  if (sink.timestamps && time === undefined) throw fileFault(path, `has no ${sink.fourth}s`);
  const columnsWanted = [user, item, rating, time].filter((name) => name !== undefined);
  const rows = await openTable(table, { columns: columnsWanted, signal });
  let row = 0;
  try {
    for await (const { batch } of rows.batches()) {
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
    await rows.close();
  }
  return row;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' ? decimalText(value) : Number.NaN;
}

/** A value as shown in a message; empty for null. */
function shown(value: unknown): string {
  return String(value ?? '').trim();
}

/** The id that a value stands for: 7, 7n, 7.0 and '7' are the same. Empty for null and NaN. */
function textOf(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? '' : shown(value);
}
