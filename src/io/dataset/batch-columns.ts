import {
  Bool,
  type Data,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow';
import type { UnitColumn } from './schema.ts';

/** A column of a record batch. */
export interface BatchColumn {
  readonly field: Field;
  readonly data: Data;
}

/** Makes a record batch of columns without copying them. */
export function recordBatch(
  columns: readonly BatchColumn[],
  length: number,
  metadata: Map<string, string> = new Map(),
): RecordBatch {
  const fields = columns.map((column) => column.field);
  const children = columns.map((column) => column.data);
  const struct = makeData({ type: new Struct(fields), length, nullCount: 0, children });
  return new RecordBatch(new Schema(fields, metadata), struct);
}

/** A utf8 column: each text, repeated for a number of rows. */
export function textColumn(
  name: string,
  runs: readonly { readonly text: string; readonly count: number }[],
): BatchColumn {
  const parts = runs.map(({ text, count }) => ({ bytes: Buffer.from(text, 'utf8'), count }));
  const length = runs.reduce((sum, { count }) => sum + count, 0);
  const data = new Uint8Array(parts.reduce((sum, { bytes, count }) => sum + bytes.length * count, 0));
  const valueOffsets = new Int32Array(length + 1);
  let [row, at] = [0, 0];
  for (const { bytes, count } of parts) {
    for (let left = count; left > 0; left -= 1) {
      data.set(bytes, at);
      at += bytes.length;
      row += 1;
      valueOffsets[row] = at;
    }
  }
  const type = new Utf8();
  return { field: new Field(name, type, false), data: makeData({ type, length, nullCount: 0, valueOffsets, data }) };
}

/** An int32 or float64 column. */
export function numberColumn(name: string, data: Int32Array | Float64Array): BatchColumn {
  const length = data.length;
  if (data instanceof Int32Array) {
    const type = new Int32();
    return { field: new Field(name, type, false), data: makeData({ type, length, nullCount: 0, data }) };
  }
  const type = new Float64();
  return { field: new Field(name, type, false), data: makeData({ type, length, nullCount: 0, data }) };
}

/** A boolean column: each value, repeated for a number of rows. */
export function flagColumn(
  name: string,
  runs: readonly { readonly flag: boolean; readonly count: number }[],
): BatchColumn {
  const length = runs.reduce((sum, { count }) => sum + count, 0);
  const flags = new Uint8Array(length);
  let row = 0;
  for (const { flag, count } of runs) {
    if (flag) flags.fill(1, row, row + count);
    row += count;
  }
  const type = new Bool();
  return { field: new Field(name, type, false), data: makeData({ type, length, nullCount: 0, data: bitmap(flags) }) };
}

/** A nullable fixed_size_list<float32> column. */
export function vectorColumn(
  name: string,
  column: Pick<UnitColumn, 'dimension' | 'values' | 'valid'>,
  metadata: Map<string, string> = new Map(),
): BatchColumn {
  const { dimension, values, valid } = column;
  const element = new Float32();
  const type = new FixedSizeList(dimension, new Field('element', element, false));
  const child = makeData({ type: element, length: values.length, nullCount: 0, data: values });
  const nullCount = valid.reduce((count, flag) => count + (flag === 0 ? 1 : 0), 0);
  const nullBitmap = nullCount === 0 ? undefined : bitmap(valid);
  return {
    field: new Field(name, type, true, metadata),
    data: makeData({ type, length: valid.length, nullCount, child, nullBitmap }),
  };
}

/**
 * A nullable list<float32> column, for Parquet: readers of Arrow for C++ and Python refuse Parquet
 * columns that their Arrow schema declares as fixed-size lists if any row is null.
 */
export function listColumn(
  name: string,
  column: Pick<UnitColumn, 'dimension' | 'values' | 'valid'>,
  metadata: Map<string, string> = new Map(),
): BatchColumn {
  const { dimension, valid } = column;
  const valueOffsets = new Int32Array(valid.length + 1);
  for (const [row, flag] of valid.entries()) valueOffsets[row + 1] = (valueOffsets[row] as number) + flag * dimension;
  const count = valueOffsets[valid.length] as number;
  let values = column.values;
  if (count < values.length) {
    values = new Float32Array(count);
    for (const [row, flag] of valid.entries()) {
      const start = row * dimension;
      if (flag === 1) values.set(column.values.subarray(start, start + dimension), valueOffsets[row]);
    }
  }
  const element = new Float32();
  const type = new List(new Field('element', element, false));
  const child = makeData({ type: element, length: count, nullCount: 0, data: values });
  const nullCount = valid.length - valid.reduce((sum, flag) => sum + flag, 0);
  const nullBitmap = nullCount === 0 ? {} : { nullBitmap: bitmap(valid) };
  return {
    field: new Field(name, type, true, metadata),
    data: makeData({ type, length: valid.length, nullCount, valueOffsets, child, ...nullBitmap }),
  };
}

/** A bit for each row, set where the byte is 1. */
export function bitmap(valid: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(valid.length / 8));
  for (const [row, flag] of valid.entries())
    if (flag === 1) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  return bits;
}
