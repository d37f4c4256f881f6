import { existsSync, readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import {
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  syncDirectory,
  temporaryPath,
} from '../../core/atomic-file.ts';
import { UsageError } from '../../core/errors.ts';
import { type BatchColumn, listColumn, recordBatch } from '../../io/dataset/batch-columns.ts';
import { ParquetWriter } from '../../io/dataset/parquet.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import { openTable, type TableReader } from '../../io/dataset/table-reader.ts';
import { TRAINING_STORE } from '../../io/dataset/training-store-path.ts';
import { vectorsOf } from '../../io/dataset/vector-column.ts';
import { checkWritable, writable } from '../../io/dataset/writable-types.ts';
import { transform } from '../../models/pca/fitted-pca.ts';
import { importFeatures } from '../import/import-features.ts';
import { streamName } from '../import/import-options.ts';
import { checkAborted, fitPca, spread, type VectorSource, validOnly } from './fit-pca.ts';
import { checkPcaFits, type FittedPca, PCA_FOLDER, pcaFiles, pcaHash, readPca, writePca } from './pca-files.ts';
import { fitOf, type ReduceOptions } from './reduce-options.ts';

/** File name of the reduced table. */
const REDUCED = 'reduced.parquet';
const ROW_GROUP_BYTES = 16 * 1024 * 1024;

/** What reducing a table did. */
export interface ReducedTable {
  readonly fitted: FittedPca;
  readonly dimension: number;
  readonly rows: number;
  readonly rowsWithout: number;
  /** Items of the training store; 0 if there is none. */
  readonly items: number;
  readonly files: readonly string[];
}

/**
 * Fits a PCA to a vector column of any table (or takes a fitted one), and writes `reduced.parquet`
 * with that column reduced and the others unchanged, the PCA and, if the ids are named, the
 * training store. The table is read twice, a batch at a time.
 */
export async function reduceTable(options: ReduceOptions): Promise<ReducedTable> {
  const column = options.column ?? 'visual';
  if (column === 'none') throw nothingToReduce();
  const how = fitOf(options);
  await prepareTarget(options.out);
  await checkColumns(options.input, options.id, options.signal);
  const vectors = await openTable(options.input, { columns: [column], signal: options.signal });
  let fitted: FittedPca;
  let dimension: number;
  try {
    const source = await vectorSource(vectors, column);
    dimension = source.dimension;
    if (options.pca === undefined) fitted = { pca: await fitPca(source, how, options.signal), facts: source.facts };
    else {
      fitted = await readPca(options.pca, column);
      checkPcaFits(fitted, options.pca, source);
    }
  } finally {
    await vectors.close();
  }
  await makeDirectory(options.out);
  const table = await openTable(options.input, { signal: options.signal });
  try {
    const { path, rows, rowsWithout } = await writeReduced(table, { column, dimension, fitted, options });
    const target = join(options.out, REDUCED);
    const files: string[] = [];
    let items = 0;
    try {
      files.push(...(await writePca(options.out, column, fitted)), REDUCED);
      await rename(path, target);
      if (options.id !== undefined) {
        const input = { path: target, name: streamName(column), id: options.id, column };
        const how = { standardise: 'none', signal: options.signal } as const;
        items = (await importFeatures([input], join(options.out, TRAINING_STORE), how)).items;
        files.push(TRAINING_STORE);
      }
    } catch (error) {
      for (const each of [path, target]) await removeIfThere(each);
      throw error;
    }
    await syncDirectory(options.out);
    return { fitted, dimension, rows, rowsWithout, items, files };
  } finally {
    await table.close();
  }
}

function nothingToReduce(): UsageError {
  return new UsageError('`column` must name a column of the table: only a dataset can be left unreduced', {
    remedy: 'Turn the table into a training store with `importFeatures`.',
  });
}

/**
 * Accepts a directory that is new, empty, or has only the remains of an unfinished run: the table
 * is written last. Another result is not overwritten.
 */
async function prepareTarget(out: string): Promise<void> {
  if (!existsSync(out)) return;
  for (const directory of [out, join(out, PCA_FOLDER)]) await removeStaleTemporaries(directory);
  refuseForeign(out);
}

/**
 * The files that reducing a table would write, relative to `out`, after all checks that are made
 * before it starts.
 */
export async function plannedTableFiles({ input, out, id, column = 'visual', pca }: ReduceOptions): Promise<string[]> {
  if (column === 'none') throw nothingToReduce();
  if (existsSync(out)) refuseForeign(out);
  await checkColumns(input, id);
  const vectors = await openTable(input, { columns: [column] });
  try {
    const source = await vectorSource(vectors, column);
    if (pca !== undefined) checkPcaFits(await readPca(pca, column), pca, source);
  } finally {
    await vectors.close();
  }
  const files = [...pcaFiles(column), REDUCED];
  return id === undefined ? files : [...files, TRAINING_STORE];
}

function refuseForeign(out: string): void {
  const foreign = readdirSync(out).filter((name) => name !== PCA_FOLDER && name[0] !== '.');
  if (foreign.length === 0) return;
  throw new UsageError(`${out} must be a new or empty directory, but has '${foreign.sort()[0]}'`, {
    code: 'dataset',
    remedy: 'Name another output directory, or delete this one.',
  });
}

/**
 * Checks that the table's columns can be written again, before anything is fitted, which may take
 * hours.
 */
async function checkColumns(input: string, id: string | undefined, signal?: AbortSignal): Promise<void> {
  if (id !== undefined) await (await openTable(input, { columns: [id], signal })).close();
  const table = await openTable(input, { signal });
  await table.close();
  checkWritable(table.schema, input);
  const names = table.schema.fields.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new UsageError(`${input} has two columns named '${twice}'`, {
    code: 'dataset',
    remedy: 'Write the table again with a different name for each column.',
  });
}

async function vectorSource(
  table: TableReader,
  column: string,
): Promise<VectorSource & { readonly dimension: number; readonly facts: Readonly<Record<string, string>> }> {
  const field = table.schema.fields.find(({ name }) => name === column);
  const known = ['aggregate', 'graph', 'models', 'subclips'].flatMap((name) => {
    const value = field?.metadata.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  let dimension = 0;
  for await (const { batch, file, firstRow } of table.batches()) {
    const first = vectorsOf(batch, column, { file, firstRow });
    if (!first.valid.includes(1)) continue;
    dimension = first.dimension;
    break;
  }
  if (dimension === 0) {
    throw new UsageError(`${table.path} has no vector in column '${column}'`, {
      code: 'dataset',
      remedy: 'Choose a table and a column that has vectors.',
    });
  }
  return {
    name: `${table.path}, column '${column}'`,
    dimension,
    facts: { column, ...Object.fromEntries(known) },
    async *batches() {
      for await (const { batch, file, firstRow } of table.batches()) {
        const { values, valid, rows } = vectorsOf(batch, column, { file, firstRow }, dimension);
        yield { values, valid, rows, dimension };
      }
    },
  };
}

async function writeReduced(
  table: TableReader,
  work: {
    readonly column: string;
    readonly dimension: number;
    readonly fitted: FittedPca;
    readonly options: ReduceOptions;
  },
): Promise<{ path: string; rows: number; rowsWithout: number }> {
  const { column, dimension, fitted, options } = work;
  const { components } = fitted.pca;
  const path = temporaryPath(options.out);
  const how = {
    metadata: JSON.stringify({
      ...fitted.facts,
      pca: { algorithm: fitted.pca.algorithm, components, dimension, sha256: pcaHash(fitted) },
    }),
    createdBy: softwareVersion(),
    encoding: options.encoding,
    compression: options.compression,
    scalarColumns: table.schema.fields.filter(({ type }) => (type.children ?? []).length === 0).map(({ name }) => name),
  };
  let writer: ParquetWriter | undefined;
  let [rows, rowsWithout] = [0, 0];
  try {
    for await (const { batch, file, firstRow } of table.batches()) {
      checkAborted(options.signal);
      const vectors = vectorsOf(batch, column, { file, firstRow }, dimension);
      const { values, count } = validOnly(vectors);
      const kept = await transform(fitted.pca, values, count);
      const reduced = listColumn(
        column,
        { dimension: components, values: spread(kept, vectors.valid, components), valid: vectors.valid },
        new Map([...Object.entries(fitted.facts), ['dimension', String(components)]]),
      );
      const written = writable(replaceColumn(batch, column, reduced));
      // Sized by all columns, since texts and further vectors are copied too.
      writer ??= await ParquetWriter.create(path, { ...how, rowGroupRows: rowsOfGroup(written) });
      await writer.write(written);
      rows += vectors.rows;
      rowsWithout += vectors.rows - count;
    }
    await writer?.close();
  } catch (error) {
    await writer?.abort(error);
    throw error;
  }
  return { path, rows, rowsWithout };
}

/** How many rows make up the bytes of a row group, if all are like those of the batch. */
function rowsOfGroup(batch: RecordBatch): number {
  const bytes = batch.data.children.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Math.max(1, Math.floor((ROW_GROUP_BYTES * batch.numRows) / Math.max(1, bytes)));
}

function replaceColumn(batch: RecordBatch, name: string, column: BatchColumn): RecordBatch {
  const columns = batch.schema.fields.map((field, index): BatchColumn => {
    const data = batch.data.children[index];
    if (field.name === name || data === undefined) return column;
    return { field, data };
  });
  return recordBatch(columns, batch.numRows);
}
