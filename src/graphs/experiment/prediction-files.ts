import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { removeIfThere, syncDirectory, temporaryPath } from '../../core/atomic-file.ts';
import { csvField } from '../../core/csv-field.ts';
import { writeFailure } from '../../core/disk-full.ts';
import { numberColumn, recordBatch, textColumn } from '../../io/dataset/batch-columns.ts';
import { ParquetWriter } from '../../io/dataset/parquet.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import type { ScoredRatings } from './score-rows.ts';

/** Rows that are turned into text or columns at a time. */
const blockRows = 65_536;

/**
 * Writes predictions as Parquet, a block at a time: columns user, item, rating, prediction, which
 * `reelflow evaluate` reads. The file appears whole or not at all.
 */
export async function writePredictions(path: string, rows: ScoredRatings, ids: RatingTable): Promise<void> {
  const temporary = temporaryPath(dirname(path));
  const writer = await ParquetWriter.create(temporary, {
    rowGroupRows: blockRows,
    metadata: '{}',
    createdBy: softwareVersion(),
    scalarColumns: ['user', 'item', 'rating', 'prediction'],
  });
  try {
    for (let start = 0; start < rows.users.length; start += blockRows) {
      const end = start + blockRows;
      const texts = (numbers: Int32Array, names: readonly string[]) =>
        Array.from(numbers.subarray(start, end), (number) => ({ text: names[number] as string, count: 1 }));
      const users = texts(rows.users, ids.userIds);
      const columns = [
        textColumn('user', users),
        textColumn('item', texts(rows.items, ids.itemIds)),
        numberColumn('rating', Float64Array.from(rows.ratings.subarray(start, end))),
        numberColumn('prediction', Float64Array.from(rows.predictions.subarray(start, end))),
      ];
      await writer.write(recordBatch(columns, users.length));
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error);
    throw error;
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** The same as CSV. */
export async function writePredictionsCsv(path: string, rows: ScoredRatings, ids: RatingTable): Promise<void> {
  const temporary = temporaryPath(dirname(path));
  try {
    await pipeline(Readable.from(csvBlocks(rows, ids)), createWriteStream(temporary, { flags: 'wx' }));
    await rename(temporary, path);
  } catch (error) {
    await removeIfThere(temporary);
    throw writeFailure(path, error);
  }
  await syncDirectory(dirname(path));
}

function* csvBlocks({ users, items, ratings, predictions }: ScoredRatings, ids: RatingTable): Generator<string> {
  const userTexts = ids.userIds.map(csvField);
  const itemTexts = ids.itemIds.map(csvField);
  let block = 'user,item,rating,prediction\n';
  for (let row = 0; row < users.length; row++) {
    const pair = `${userTexts[users[row] as number]},${itemTexts[items[row] as number]}`;
    block += `${pair},${ratings[row]},${predictions[row]}\n`;
    if ((row + 1) % blockRows !== 0) continue;
    yield block;
    block = '';
  }
  yield block;
}
