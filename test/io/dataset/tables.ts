import { writeFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  Field,
  Float32,
  Float64,
  Int32,
  List,
  makeData,
  type RecordBatch,
  Table,
  tableToIPC,
  vectorFromArray,
} from 'apache-arrow';
import { recordBatch, vectorColumn } from '../../../src/io/dataset/batch-columns.ts';
import { ParquetWriter } from '../../../src/io/dataset/parquet.ts';
import { openTable, type TableReaderOptions } from '../../../src/io/dataset/table-reader.ts';
import { vectorsOf } from '../../../src/io/dataset/vector-column.ts';

/** A repeatable value, exact in float32. */
export function valueAt(row: number, index: number): number {
  return Math.fround(((row * 7919 + index * 104729) % 2003) / 8 - 100);
}

/**
 * Batches of a column `n` (the row's number) and a fixed-size vector column `visual`; rows in
 * `nulls` are null.
 */
export function fixedBatches(
  rows: number,
  dimension: number,
  perBatch = rows,
  nulls: readonly number[] = [],
): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let first = 0; first < rows; first += perBatch) {
    const length = Math.min(perBatch, rows - first);
    const isNull = (row: number) => nulls.includes(first + row);
    const values = Float32Array.from({ length: length * dimension }, (_, at) => {
      const row = Math.floor(at / dimension);
      return isNull(row) ? 0 : valueAt(first + row, at % dimension);
    });
    const valid = Uint8Array.from({ length }, (_, row) => (isNull(row) ? 0 : 1));
    const type = new Int32();
    const data = makeData({ type, length, nullCount: 0, data: Int32Array.from({ length }, (_, row) => first + row) });
    const numbers = { field: new Field('n', type, false), data };
    batches.push(
      recordBatch([numbers, vectorColumn('visual', { dimension, values, valid })], length, new Map([['made', 'here']])),
    );
  }
  return batches;
}

/** A batch with one column `visual` of plain lists. */
export function listBatch(
  rows: readonly (readonly (number | null)[] | null)[],
  precision: 'float32' | 'float64' = 'float32',
): RecordBatch {
  const element = precision === 'float32' ? new Float32() : new Float64();
  const vector = vectorFromArray(rows as number[][], new List(new Field('item', element, true)));
  return new Table({ visual: vector }).batches[0] as RecordBatch;
}

/** Batches as an Arrow IPC file or stream. */
export function ipc(batches: readonly RecordBatch[], form: 'file' | 'stream'): Uint8Array {
  return tableToIPC(new Table(batches[0]?.schema as never, [...batches] as never), form);
}

/** Writes batches as Parquet by our own writer. */
export async function writeParquet(
  path: string,
  batches: readonly RecordBatch[],
  rowGroupRows = 1_000_000,
): Promise<void> {
  const writer = await ParquetWriter.create(path, {
    rowGroupRows,
    metadata: '{}',
    createdBy: 'a test',
    scalarColumns: ['n'],
  });
  for (const batch of batches) await writer.write(batch);
  await writer.close();
}

/** Runs a statement in DuckDB and gives its rows. */
export async function duckdb(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS().map((row) => ({ ...row }));
  } finally {
    connection.closeSync();
  }
}

/**
 * All rows of a table's vector column: their numbers in their files, and their values, null where
 * there are none.
 */
export async function readVectors(path: string, options: TableReaderOptions & { readonly column?: string } = {}) {
  const { column = 'visual', ...reading } = options;
  const table = await openTable(path, reading);
  const rows: { file: string; row: number; vector: number[] | null }[] = [];
  const sizes: number[] = [];
  try {
    for await (const { batch, file, firstRow } of table.batches()) {
      const { values, valid, dimension } = vectorsOf(batch, column, { file, firstRow });
      sizes.push(batch.numRows);
      for (const [row, flag] of valid.entries()) {
        const vector = flag === 1 ? [...values.subarray(row * dimension, (row + 1) * dimension)] : null;
        rows.push({ file, row: firstRow + row, vector });
      }
    }
    return { rows, sizes, schema: table.schema, metadata: table.metadata };
  } finally {
    await table.close();
  }
}

/** The rows that `fixedBatches` has, as `readVectors` gives them. */
export function expectedRows(file: string, rows: number, dimension: number, nulls: readonly number[] = []) {
  return Array.from({ length: rows }, (_, row) => ({
    file,
    row,
    vector: nulls.includes(row) ? null : Array.from({ length: dimension }, (_, index) => valueAt(row, index)),
  }));
}

/** Writes bytes and gives the path. */
export async function put(path: string, bytes: Uint8Array): Promise<string> {
  await writeFile(path, bytes);
  return path;
}
