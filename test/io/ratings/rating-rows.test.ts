import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Table, tableToIPC, Utf8, type Vector, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { readRatings } from '../../../src/io/ratings/read-ratings.ts';
import { duckdb } from '../dataset/tables.ts';
import { ratingsOf, temporaryDirectory } from './fixtures.ts';

async function parquetOf(columns: Record<string, Vector>, name = 'ratings.parquet'): Promise<string> {
  const parquet = await import('parquet-wasm');
  const ipc = tableToIPC(new Table(columns), 'stream');
  const path = join(await temporaryDirectory(), name);
  await writeFile(path, parquet.writeParquet(parquet.Table.fromIPCStream(ipc)));
  return path;
}

test('ratings are read from Parquet, ids as integers of any width or texts', async () => {
  const path = await parquetOf({
    note: vectorFromArray(Float32Array.of(1, 2, 3)),
    movie_id: vectorFromArray(BigInt64Array.of(31n, 1029n, 31n)),
    user_id: vectorFromArray(['1', '1', 'anna'], new Utf8()),
    rating: vectorFromArray(Float64Array.of(2.5, 3, 4)),
    timestamp: vectorFromArray(Int32Array.of(10, 20, 30)),
  });
  const { ratings, report } = await readRatings(path, { timestamps: true });
  expect(ratingsOf(ratings)).toEqual([
    ['1', '31', 2.5],
    ['1', '1029', 3],
    ['anna', '31', 4],
  ]);
  expect(ratings.timestamps).toEqual(Float64Array.of(10, 20, 30));
  expect(report.lines).toBe(3);
});

test('ratings and ids that a warehouse types as decimals, and times as times, are read as what they say', async () => {
  const path = join(await temporaryDirectory(), 'ratings.parquet');
  await duckdb(`copy (from (values
      (7::decimal(18, 0), 31.00::decimal(9, 2), 3.5, '2001-09-09 01:46:40'::timestamp),
      (12345678901234567890::decimal(38, 0), 5.25::decimal(9, 2), -0.5, '1970-01-01 00:00:00.5'::timestamp),
      (null, 0.00::decimal(9, 2), 12.0, null)
    ) t(user_id, item_id, rating, timestamp)) to '${path}'`);
  const [row] = await duckdb(`select typeof(rating) as type from '${path}'`);
  expect(row?.type).toBe('DECIMAL(3,1)');
  const { ratings, report } = await readRatings(path, { timestamps: true, skipBadLines: true });
  expect(ratingsOf(ratings)).toEqual([
    ['7', '31', 3.5],
    ['12345678901234567890', '5.25', -0.5],
  ]);
  expect(ratings.timestamps).toEqual(Float64Array.of(1_000_000_000, 0.5));
  expect(report.badLines.count).toBe(1);
});

test('a row of a Parquet file without a rating or an id is refused with its number, or passed over', async () => {
  const path = await parquetOf({
    user: vectorFromArray(['1', null, '3', '4'], new Utf8()),
    item: vectorFromArray(Int32Array.of(1, 2, 3, 4)),
    rating: vectorFromArray(Float64Array.of(1, 2, Number.NaN, 4)),
  });
  await expect(readRatings(path)).rejects.toMatchObject({ line: 2, reason: 'the user id is empty' });
  const { ratings, report } = await readRatings(path, { skipBadLines: true });
  expect(ratings.userIds).toEqual(['1', '4']);
  expect(report.badLines.first.map(({ line }) => line)).toEqual([2, 3]);
});

test('a table without the columns is refused with those it has', async () => {
  const path = await parquetOf({ a: vectorFromArray(Int32Array.of(1)), b: vectorFromArray(Int32Array.of(1)) });
  await expect(readRatings(path)).rejects.toThrow("it has 'a', 'b'");
});
