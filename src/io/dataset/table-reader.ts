import { stat } from 'node:fs/promises';
import { type Data, type Field, type RecordBatch, Schema } from 'apache-arrow';
import { checkInteger, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { isObjectAddress, refuseAddress } from '../../core/object-address.ts';
import { openArrow } from './arrow-reader.ts';
import { recordBatch } from './batch-columns.ts';
import { openFarTable } from './far-table.ts';
import { openParquet } from './parquet-reader.ts';
import { ParquetThread } from './parquet-thread.ts';
import { partitionFields, withPartitions } from './partition-columns.ts';
import { detectFormat, type PartFile, tableFiles } from './table-files.ts';
import type { TablePart } from './table-part.ts';

/** Rows of a table, and where they are. */
export interface TableBatch {
  readonly batch: RecordBatch;
  /** The file they come from. */
  readonly file: string;
  /** Number of the first of them in that file, from 0. */
  readonly firstRow: number;
}

/** A table open for reading. */
export interface TableReader {
  /** What was opened: a file, or a directory of parts. */
  readonly path: string;
  /** The wanted columns, in the order of the file. */
  readonly schema: Schema;
  /** Key-value metadata of the file; with several parts, of the first. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * The rows in order, some at a time, none twice. Every call starts over. Reads only as far as
   * requested, and leaving the loop frees what it has open.
   *
   * @throws UsageError `dataset` when a file is damaged or its columns differ from the first
   * part's.
   */
  batches(): AsyncGenerator<TableBatch>;
  /** Ends reading and frees everything. */
  close(): Promise<void>;
}

/** What to read of a table, and how. */
export interface TableReaderOptions {
  /** The wanted columns. Default: all. */
  readonly columns?: readonly string[] | undefined;
  /** Approximate bytes of values in one batch. Default 16 MiB. */
  readonly batchBytes?: number | undefined;
  /** When aborted, copying a table from an object store stops. */
  readonly signal?: AbortSignal | undefined;
}

const BATCH_BYTES = 16 * 1024 * 1024;
/**
 * What the Parquet decoder may hold: pages, which may unpack to hundreds of times their size, the
 * compressed pages of a row group, which are at most the size of the file, and the batch in several
 * forms. A file of a few kilobytes does not get gigabytes.
 */
const [DECODER_BYTES, DECODER_SHARE, DECODER_BATCHES] = [512 * 1024 * 1024, 2, 4];

const known: KnownOptions<TableReaderOptions> = { columns: true, batchBytes: true, signal: true };

/**
 * Opens a table: a Parquet file, an Arrow IPC file or stream (recognised by their first bytes, not
 * by name), or a directory of parts, such as a table of a dataset. All hive partitions
 * (`key=value`) are read, in the order of their names, and the keys become columns after the
 * others. Parts may have their columns in any order; that of the first part is used. A table in an
 * object store (`s3://`) is first copied into a temporary folder, which is removed when it is
 * closed; its copies take at most half of the free space there.
 *
 * Buffering: one batch, and what the decoder needs for it: for Parquet the compressed pages of a
 * row group, for Arrow one record batch as written. Parquet is decoded in its own thread, and
 * damage only ends the read.
 *
 * @throws UsageError `dataset` when there is no such table, it is damaged, or lacks a wanted
 * column.
 *
 * @example
 * const table = await openTable('features/subclips=10/aggregate=mean', { columns: ['item_id', 'visual'] });
 * for await (const { batch, file, firstRow } of table.batches()) {
 *   const { values, dimension, rows } = vectorsOf(batch, 'visual', { file, firstRow });
 * }
 * await table.close();
 */
export async function openTable(path: string, options: TableReaderOptions = {}): Promise<TableReader> {
  checkKnownOptions('openTable', options, known);
  checkString('path', path);
  const batchBytes = checkInteger('batchBytes', options.batchBytes ?? BATCH_BYTES);
  const { columns } = options;
  for (const name of columns ?? []) checkString('columns', name);
  if (columns !== undefined && new Set(columns).size !== columns.length) {
    throw new UsageError(`\`columns\` must name each column once, but are ${columns.join(', ')}`);
  }
  if (isObjectAddress(path)) return openFarTable(path, (copy) => openTable(copy, options), options.signal);
  refuseAddress(path);
  const files = await tableFiles(path);
  const largest = await largestOf(files);
  const thread = new ParquetThread(DECODER_BYTES + DECODER_SHARE * largest + DECODER_BATCHES * batchBytes);
  const opened = async (file: string, wanted?: readonly string[]): Promise<TablePart> => {
    const found = await detectFormat(file);
    const reading = { columns: wanted, batchBytes };
    return found.format === 'parquet' ? openParquet(file, thread, reading) : openArrow(found, reading);
  };
  try {
    const [{ path: firstFile }] = files as [PartFile];
    const first = await opened(firstFile);
    await first.close();
    const own = first.schema;
    const added = partitionFields(files, own);
    const schema = wantedOf(firstFile, new Schema([...own.fields, ...added], own.metadata), columns);
    const isAdded = ({ name }: Field) => added.some((field) => field.name === name);
    const read = new Schema(schema.fields.filter((field) => !isAdded(field)));
    const partitions = schema.fields.filter(isAdded);
    const names = read.fields.map(({ name }) => name);
    // Even if only keys are wanted, the rows must be counted.
    const wanted = columns === undefined || names.length === 0 ? undefined : names;
    return {
      path,
      schema,
      metadata: own.metadata,
      async *batches() {
        for (const { path: file, keys: values } of files) {
          const part = await opened(file, wanted);
          try {
            checkAlike(read, part.schema, { first: firstFile, file, all: columns === undefined });
            for await (const { batch, firstRow } of part.batches()) {
              yield { batch: withPartitions(inOrder(batch, read), partitions, values), file, firstRow };
            }
          } finally {
            await part.close();
          }
        }
      },
      close: () => thread.close(),
    };
  } catch (error) {
    await thread.close();
    throw error;
  }
}

async function largestOf(files: readonly PartFile[]): Promise<number> {
  let largest = 0;
  for (const { path } of files) largest = Math.max(largest, (await stat(path)).size);
  return largest;
}

/** The wanted columns. */
function wantedOf(path: string, schema: Schema, columns: readonly string[] | undefined): Schema {
  const names = schema.names.map(String);
  const missing = columns?.filter((name) => !names.includes(name)) ?? [];
  if (missing.length > 0) {
    throw new UsageError(`${path} has no column '${missing[0]}'; its columns are: ${names.join(', ') || 'none'}`, {
      code: 'dataset',
      remedy: 'Name one of these.',
    });
  }
  return columns === undefined ? schema : schema.select([...columns]);
}

/** The batch with its columns in the order of a schema, since parts may differ in order. */
function inOrder(batch: RecordBatch, schema: Schema): RecordBatch {
  const names = batch.schema.names.map(String);
  const order = schema.names.map(String);
  if (names.length === order.length && names.every((name, index) => name === order[index])) return batch;
  const columns = order.map((name) => {
    const index = names.indexOf(name);
    return { field: batch.schema.fields[index] as Field, data: batch.data.children[index] as Data };
  });
  return recordBatch(columns, batch.numRows, batch.schema.metadata);
}

/**
 * Checks that a part has the columns of the first part, in any order, and, if all are read, no
 * others.
 */
function checkAlike(
  expected: Schema,
  found: Schema,
  { first, file, all }: { readonly first: string; readonly file: string; readonly all: boolean },
): void {
  // A dataset's tables have equal types, but their vectors differ in meaning.
  const kind = (metadata: Map<string, string>) =>
    ['graph', 'subclips', 'aggregate'].flatMap((key) => (metadata.has(key) ? [` ${key}=${metadata.get(key)}`] : []));
  const shown = (field: Field | undefined) => field && `${field.name}: ${field.type}${kind(field.metadata).join('')}`;
  const fault = (had: string | undefined, wanted: string | undefined) =>
    new UsageError(`${file} has ${had ?? 'no such column'} where ${first} has ${wanted ?? 'no such column'}`, {
      code: 'dataset',
      remedy:
        'Read the parts one at a time, or write them with the same columns; of a dataset, read one table (features/subclips=10/aggregate=mean).',
    });
  for (const field of expected.fields) {
    const same = found.fields.find(({ name }) => name === field.name);
    if (shown(same) !== shown(field)) throw fault(same && `'${shown(same)}'`, `'${shown(field)}'`);
  }
  const more = all ? found.fields.find(({ name }) => !expected.names.includes(name)) : undefined;
  if (more !== undefined) throw fault(`'${shown(more)}'`, undefined);
}
