import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Data,
  DenseUnion,
  Dictionary,
  Field,
  Int32,
  IntervalDayTime,
  IntervalMonthDayNano,
  makeData,
  Struct,
  Uint32,
  Utf8,
  Utf8View,
  Vector,
} from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { reduceTable } from '../../../src/graphs/reduction/reduce-table.ts';
import { recordBatch, vectorColumn } from '../../../src/io/dataset/batch-columns.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';
import { duckdb, ipc, put, valueAt } from '../../io/dataset/tables.ts';

const ROWS = 6;

/** An Arrow file of a vector column `emb` and another. */
async function tableWith(data: Data, name = 'other'): Promise<string> {
  const values = Float32Array.from({ length: ROWS * 4 }, (_, at) => valueAt(Math.floor(at / 4), at % 4));
  const vectors = vectorColumn('emb', { dimension: 4, values, valid: new Uint8Array(ROWS).fill(1) });
  const batch = recordBatch([vectors, { field: new Field(name, data.type, true), data }], ROWS);
  return put(join(await temporaryDirectory(), 'table.arrow'), ipc([batch], 'file'));
}

const reduced = async (input: string) => {
  const out = join(await temporaryDirectory(), 'out');
  await reduceTable({ input, out, column: 'emb', components: 2 });
  return join(out, 'reduced.parquet');
};

/** Texts of at most 12 bytes in the layout of views: their length, and they themselves. */
function viewsOf(texts: readonly string[]): Data {
  const views = Buffer.alloc(16 * texts.length);
  for (const [index, text] of texts.entries()) {
    views.writeInt32LE(text.length, 16 * index);
    views.write(text, 16 * index + 4);
  }
  return makeData({ type: new Utf8View(), length: texts.length, nullCount: 0, views: Uint8Array.from(views) });
}

const numbers = (values: readonly number[]) =>
  makeData({ type: new Int32(), length: values.length, nullCount: 0, data: Int32Array.from(values) });

describe('a column beside the reduced one', () => {
  test('that Polars calls Categorical (a dictionary of views) keeps its texts and nulls', async () => {
    const indices = new Uint32();
    const data = makeData<Dictionary>({
      type: new Dictionary(new Utf8View(), indices, 7),
      length: ROWS,
      nullCount: 1,
      nullBitmap: Uint8Array.of(0b110111),
      data: Uint32Array.of(2, 0, 1, 0, 2, 2),
      dictionary: new Vector([viewsOf(['drama', 'comedy', 'film noir'])]),
    });
    const rows = await duckdb(`from read_parquet('${await reduced(await tableWith(data))}')`);
    expect(rows.map(({ other }) => other)).toEqual(['film noir', 'drama', 'comedy', null, 'film noir', 'film noir']);
  });

  test('of texts in views keeps them', async () => {
    const texts = ['a', 'bb', '', 'dddd', 'e', 'twelve bytes'];
    const rows = await duckdb(`from read_parquet('${await reduced(await tableWith(viewsOf(texts)))}')`);
    expect(rows.map(({ other }) => other)).toEqual(texts);
  });

  const refused: readonly (readonly [string, Data])[] = [
    [
      'a union',
      makeData({
        type: new DenseUnion([0], [new Field('a', new Int32(), true)]),
        length: ROWS,
        nullCount: 0,
        typeIds: new Int8Array(ROWS),
        valueOffsets: Int32Array.from({ length: ROWS }, (_, row) => row),
        children: [numbers([1, 2, 3, 4, 5, 6])],
      }),
    ],
    [
      'an interval of months, days and nanoseconds',
      makeData({ type: new IntervalMonthDayNano(), length: ROWS, nullCount: 0, data: new Int32Array(4 * ROWS) }),
    ],
    [
      'an interval of days and milliseconds',
      makeData({ type: new IntervalDayTime(), length: ROWS, nullCount: 0, data: new Int32Array(2 * ROWS) }),
    ],
    ['a struct without fields', makeData({ type: new Struct([]), length: ROWS, nullCount: 0, children: [] })],
    [
      'a dictionary of structs',
      makeData({
        type: new Dictionary(new Struct([new Field('a', new Int32())]), new Int32(), 3),
        length: ROWS,
        nullCount: 0,
        data: new Int32Array(ROWS),
        dictionary: new Vector([
          makeData({
            type: new Struct([new Field('a', new Int32())]),
            length: 1,
            nullCount: 0,
            children: [numbers([1])],
          }),
        ]),
      }),
    ],
  ];
  test.each(refused)('that is %s is refused by name before anything is written', async (_, data) => {
    const input = await tableWith(data);
    const out = join(await temporaryDirectory(), 'out');
    await expect(reduceTable({ input, out, column: 'emb', components: 2 })).rejects.toMatchObject({
      code: 'dataset',
      message: `${input} has columns that cannot be written as Parquet here: 'other' (${data.type})`,
      remedy: /cast/,
    });
    await expect(readdir(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that has its name is refused: readers of the result could not tell them apart', async () => {
    const input = await tableWith(numbers([1, 2, 3, 4, 5, 6]), 'emb');
    await expect(reduced(input)).rejects.toMatchObject({
      code: 'dataset',
      message: `${input} has two columns named 'emb'`,
    });
  });

  test('of long texts counts for the size of row groups', async () => {
    const texts = Array.from({ length: ROWS }, (_, row) => String(row).repeat(6 * 1024 * 1024));
    const bytes = Buffer.from(texts.join(''));
    const length = bytes.length / ROWS;
    const valueOffsets = Int32Array.from({ length: ROWS + 1 }, (_, row) => row * length);
    const data = makeData({ type: new Utf8(), length: ROWS, nullCount: 0, valueOffsets, data: bytes });
    const path = await reduced(await tableWith(data));
    const groups = await duckdb(
      `select distinct row_group_id as id, row_group_num_rows as n from parquet_metadata('${path}') order by id`,
    );
    expect(groups.map(({ n }) => Number(n))).toEqual([2, 2, 2]);
  });
});
