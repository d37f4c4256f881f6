import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Binary,
  DateMillisecond,
  Decimal,
  Dictionary,
  Int32,
  Int64,
  makeData,
  Table,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
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

test('ratings of one user are read from Parquet without a column of users', async () => {
  const path = await parquetOf({
    item: vectorFromArray(Int32Array.of(31, 7)),
    rating: vectorFromArray(Float64Array.of(2.5, 3)),
  });
  expect(ratingsOf((await readRatings(path, { onlyUser: 'me' })).ratings)).toEqual([
    ['me', '31', 2.5],
    ['me', '7', 3],
  ]);
  await expect(readRatings(path)).rejects.toThrow('no columns with known names');
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

/** Ratings of so many users in an Arrow file, some of whose columns are others. */
async function arrowOf(rows: number, columns: Record<string, Vector>): Promise<string> {
  const path = join(await temporaryDirectory(), 'ratings.arrow');
  const names = Array.from({ length: rows }, (_, row) => `u${row}`);
  const usual = {
    user: vectorFromArray(names, new Utf8()),
    item: vectorFromArray(names, new Utf8()),
    rating: vectorFromArray(Float64Array.from(names, (_, row) => row)),
  };
  await writeFile(path, tableToIPC(new Table({ ...usual, ...columns }), 'file'));
  return path;
}

test.each([
  ['seconds', new TimestampSecond(), 1],
  ['milliseconds', new TimestampMillisecond(), 1e3],
  ['nanoseconds', new TimestampNanosecond(), 1e9],
  ['milliseconds of a date', new DateMillisecond(), 1e3],
])('times in %s are right from one tick to the last that 64 bits have', async (_, type, perSecond) => {
  const ticks = [1n, -1n, 1_700_000_000_123_456_789n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
  const data = makeData({ type: new Int64(), length: ticks.length, data: BigInt64Array.from(ticks) }).clone(type);
  const path = await arrowOf(ticks.length, { timestamp: new Vector([data]) });
  const { ratings } = await readRatings(path, { timestamps: true });
  expect([...(ratings.timestamps ?? [])]).toEqual(ticks.map((tick) => Number(tick) / perSecond));
});

test('a time without an end, as a warehouse has it, is a number like any other', async () => {
  const path = join(await temporaryDirectory(), 'ratings.parquet');
  await duckdb(`copy (select 1 as user, 2 as item, 3.0 as rating, 'infinity'::timestamp as timestamp) to '${path}'`);
  const { ratings } = await readRatings(path, { timestamps: true });
  expect(ratings.timestamps).toEqual(Float64Array.of((2 ** 63 - 1) / 1e6));
});

test('whole numbers beyond 2^53 are ids of their own, and times as near as float64 can be', async () => {
  const ids = [2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n)];
  const path = await arrowOf(3, {
    user: vectorFromArray(BigInt64Array.from(ids)),
    timestamp: vectorFromArray(BigInt64Array.of(1_700_000_000_123_456_789n, -1n, 2n ** 63n - 1n)),
  });
  const { ratings } = await readRatings(path, { timestamps: true });
  expect(ratings.userIds).toEqual(ids.map(String));
  expect(ratings.timestamps).toEqual(Float64Array.of(Number(1_700_000_000_123_456_789n), -1, 2 ** 63));
});

test('a column with a dictionary is read as its entries are: times, decimals, texts, nothing', async () => {
  const millisecond = new TimestampMillisecond();
  const indices = (...list: number[]) => Int32Array.from(list);
  const times = vectorFromArray([new Date(500), new Date(2000)], millisecond);
  const words = Uint32Array.of(250, 0, 0, 0, 7, 0, 0, 0);
  const decimals = new Vector([makeData({ type: new Decimal(2, 9), length: 2, data: words })]);
  const coded = (dictionary: Vector, ...list: number[]) =>
    new Vector([
      makeData({
        type: new Dictionary(dictionary.type, new Int32()),
        length: list.length,
        data: indices(...list),
        dictionary,
      }),
    ]);
  const path = await arrowOf(3, {
    user: vectorFromArray(['anna', null, 'anna'], new Dictionary(new Utf8(), new Int32())),
    rating: coded(decimals, 0, 0, 1),
    timestamp: coded(times, 1, 1, 0),
  });
  const { ratings, report } = await readRatings(path, { timestamps: true, skipBadLines: true });
  expect(ratingsOf(ratings)).toEqual([
    ['anna', 'u0', 2.5],
    ['anna', 'u2', Math.fround(0.07)],
  ]);
  expect(ratings.timestamps).toEqual(Float64Array.of(2, 0.5));
  expect(report.badLines.first).toEqual([{ file: path, line: 2, reason: 'the user id is empty' }]);
});

test('texts that a column keeps as raw bytes are read as the texts that they are', async () => {
  const bytes = ['müller', '17'].map((text) => Buffer.from(text));
  const path = await arrowOf(2, { user: vectorFromArray(bytes, new Binary()) });
  expect((await readRatings(path)).ratings.userIds).toEqual(['müller', '17']);
});

test.each([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
])('%s is not a rating and no time, and the message says where it stands and what it is', async (value, text) => {
  const numbers = vectorFromArray(Float64Array.of(1, value));
  await expect(readRatings(await arrowOf(2, { rating: numbers }))).rejects.toMatchObject({
    code: 'bad-line',
    line: 2,
    reason: `the rating '${text}' is not a number`,
  });
  await expect(readRatings(await arrowOf(2, { timestamp: numbers }), { timestamps: true })).rejects.toMatchObject({
    code: 'bad-line',
    line: 2,
    reason: `the timestamp '${text}' is not a number`,
  });
});
