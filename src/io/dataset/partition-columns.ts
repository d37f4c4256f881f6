import { Field, Int32, makeData, type RecordBatch, type Schema, Utf8 } from 'apache-arrow';
import { type BatchColumn, numberColumn, recordBatch, textColumn } from './batch-columns.ts';
import type { PartFile } from './table-files.ts';

const WHOLE_NUMBER = /^(0|-?[1-9]\d{0,9})$/;

/**
 * The columns that hive partitions derive from the names of their directories, in the order of the
 * directories: int32 if every value is a 32-bit integer, else text. A key that is already a column
 * of the files does not count.
 */
export function partitionFields(files: readonly PartFile[], schema: Schema): Field[] {
  const names = new Set(files.flatMap(({ keys }) => [...keys.keys()]));
  return [...names]
    .filter((name) => !schema.fields.some((field) => field.name === name))
    .map((name) => {
      const values = files.flatMap(({ keys }) => keys.get(name) ?? []);
      const numbers = values.length > 0 && values.every(isInt32);
      return new Field(name, numbers ? new Int32() : new Utf8(), true);
    });
}

/** The batch, with the columns of its file's partitions appended. */
export function withPartitions(batch: RecordBatch, fields: readonly Field[], keys: PartFile['keys']): RecordBatch {
  if (fields.length === 0) return batch;
  const own = batch.schema.fields.map((field, index) => ({ field, data: batch.data.children[index] }) as BatchColumn);
  const added = fields.map((field) => ({ field, data: constant(field, keys.get(field.name) ?? null, batch.numRows) }));
  return recordBatch([...own, ...added], batch.numRows, batch.schema.metadata);
}

function constant(field: Field, value: string | null, rows: number): BatchColumn['data'] {
  const isNumber = field.type instanceof Int32;
  const { data } = isNumber
    ? numberColumn(field.name, new Int32Array(rows).fill(Number(value)))
    : textColumn(field.name, [{ text: value ?? '', count: rows }]);
  if (value !== null) return data;
  const { type, length, values, valueOffsets } = data;
  const nullBitmap = new Uint8Array(Math.ceil(rows / 8));
  return makeData({ type, length, nullCount: length, nullBitmap, data: values, valueOffsets } as never);
}

function isInt32(text: string): boolean {
  return WHOLE_NUMBER.test(text) && Number(text) === (Number(text) | 0);
}
