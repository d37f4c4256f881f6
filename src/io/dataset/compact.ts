import { readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkInteger, checkOneOf } from '../../check.ts';
import { flagColumn, isPartial, listColumn, numberColumn, recordBatch, textColumn } from './arrow.ts';
import { makeDirectory, removeIfThere, removeStaleTemporaries, syncDirectory, temporaryPath } from './atomic-file.ts';
import { CommitStore } from './commit-store.ts';
import { countUnits } from './dataset.ts';
import { type DatasetFile, type DatasetTable, readDatasetFile, writeDatasetFile } from './dataset-file.ts';
import {
  PARQUET_COMPRESSIONS,
  PARQUET_ENCODINGS,
  type ParquetCompression,
  type ParquetEncoding,
  ParquetWriter,
} from './parquet.ts';
import { columnProvenance, tableProvenance } from './provenance.ts';
import type { UnitTable } from './schema.ts';
import { softwareVersion } from './software.ts';
import { orderUnits, planTables, type TablePlan, tablePath } from './table-plan.ts';
import { cutOf } from './unit-cut.ts';

const MIB = 1024 * 1024;
/** Row groups of all tables that are written at the same time, together. */
const OPEN_ROW_GROUP_BYTES = 128 * MIB;
const LEAST_ROW_GROUP_BYTES = 8 * MIB;
const MOST_ROW_GROUP_BYTES = 32 * MIB;
const TABLES_AT_A_TIME = OPEN_ROW_GROUP_BYTES / LEAST_ROW_GROUP_BYTES;
/** About what the other columns of a row take: an id of 30 bytes, and the numbers. */
const SCALAR_BYTES = 60;
const SCALARS = ['item_id', 'subclip', 'start', 'end', 'frames', 'patches', 'partial'];

/** How a dataset is compacted. */
export interface CompactOptions {
  /** A part ends with the item at which its rows exceed this many bytes before compression. Default 512 MiB. */
  readonly partBytes?: number;
  /** Bytes of rows in a row group before compression. Default: 8 to 32 MiB, less the more tables there are. */
  readonly rowGroupBytes?: number;
  /** How the vectors are encoded. Default `plain`; the values are the same. */
  readonly encoding?: ParquetEncoding;
  /** How the tables are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression;
  /** Keys of the units that count where an item has several because its file has changed. */
  readonly current?: ReadonlySet<string>;
}

/**
 * Writes the committed units of a dataset as Parquet tables, one for each number of subclips and statistic:
 * `subclips=10/aggregate=mean/part-00000.parquet`, sorted by the item ids' UTF-8 bytes, then subclip. Columns: item_id,
 * subclip, start, end, frames, patches, partial, and a list of float32 for each stream, null where the unit has none. The number
 * of subclips and the statistic are in the path only (hive partitions). The key-value metadata entry `reelflow` of every part is JSON with the
 * graph's id and parameters and the networks' cards and hashes; of every vector column the Arrow field metadata name its networks and hashes.
 *
 * One unit and the open row groups (128 MiB together) are in memory at a time. Every run over the same units writes
 * the same bytes. New parts stand before old ones are removed; a killed run leaves the old tables readable.
 *
 * @returns the tables, as `dataset.json` lists them.
 * @throws UsageError `dataset` when the directory is no dataset, a unit is damaged, or an item has several units.
 *
 * @example
 * const tables = await compact('features/');
 */
export async function compact(directory: string, options: CompactOptions = {}): Promise<readonly DatasetTable[]> {
  const partBytes = checkInteger('partBytes', options.partBytes ?? 512 * MIB);
  if (options.rowGroupBytes !== undefined) checkInteger('rowGroupBytes', options.rowGroupBytes);
  const encoding = checkOneOf('encoding', options.encoding ?? 'plain', PARQUET_ENCODINGS);
  const compression = checkOneOf('compression', options.compression ?? 'zstd', PARQUET_COMPRESSIONS);
  const description = readDatasetFile(directory);
  const store = await CommitStore.open(directory, { create: false });
  const committed = store.keys().map((key) => ({ key, facts: store.readFacts(key) }));
  const units = orderUnits(committed, options.current);
  const plans = planTables(units);

  const share = Math.floor(OPEN_ROW_GROUP_BYTES / Math.max(1, plans.length));
  const rowGroupBytes = options.rowGroupBytes ?? Math.max(LEAST_ROW_GROUP_BYTES, Math.min(share, MOST_ROW_GROUP_BYTES));
  const tables = plans.map(
    (plan) => new TableWriter(directory, plan, description, { partBytes, rowGroupBytes, encoding, compression }),
  );
  try {
    for (let first = 0; first < tables.length; first += TABLES_AT_A_TIME) {
      const group = tables.slice(first, first + TABLES_AT_A_TIME);
      for (const table of group) await table.open();
      for (const { key } of units) {
        const unit = await store.read(key);
        for (const table of group) await table.write(unit);
      }
      for (const table of group) await table.close();
    }
    for (const table of tables) await table.publish();
  } catch (error) {
    for (const table of tables) await table.abort(error);
    throw error;
  }
  await removeOldParts(directory, new Set(tables.flatMap((table) => table.parts)));

  const listed = tables.map((table) => table.summary());
  const facts = committed.map((unit) => unit.facts);
  const counts = countUnits(facts, store.letters().length);
  await writeDatasetFile(directory, { ...description, counts, tables: listed, software: softwareVersion() });
  return listed;
}

/** One table in the making: its parts are temporary files until `publish`. */
class TableWriter {
  readonly #directory: string;
  readonly #plan: TablePlan;
  readonly #description: DatasetFile;
  readonly #partBytes: number;
  readonly #encoding: ParquetEncoding;
  readonly #compression: ParquetCompression;
  readonly #rowGroupRows: number;
  readonly #rowBytes: number;
  readonly #finished: string[] = [];
  #published = 0;
  #writer: ParquetWriter | undefined;
  #writtenBytes = 0;
  #rows = 0;
  #items = 0;

  constructor(
    directory: string,
    plan: TablePlan,
    description: DatasetFile,
    how: {
      readonly partBytes: number;
      readonly rowGroupBytes: number;
      readonly encoding: ParquetEncoding;
      readonly compression: ParquetCompression;
    },
  ) {
    this.#directory = directory;
    this.#plan = plan;
    this.#description = description;
    this.#partBytes = how.partBytes;
    this.#encoding = how.encoding;
    this.#compression = how.compression;
    this.#rowBytes = plan.columns.reduce((sum, column) => sum + 4 * column.dimension, SCALAR_BYTES);
    this.#rowGroupRows = Math.max(1, Math.floor(how.rowGroupBytes / this.#rowBytes));
  }

  /** Paths of the published parts, relative to the dataset. */
  get parts(): string[] {
    return this.#finished.map((_, index) => `${tablePath(this.#plan)}/${partName(index)}`);
  }

  /** Makes the table's directory and clears it of what killed runs left. */
  async open(): Promise<void> {
    const directory = join(this.#directory, tablePath(this.#plan));
    await makeDirectory(directory);
    await removeStaleTemporaries(directory);
  }

  async write(unit: UnitTable): Promise<void> {
    const { first, rows } = cutOf(unit, this.#plan.subclips);
    if (rows === 0) return;
    if (!this.#writer || this.#writtenBytes >= this.#partBytes) {
      await this.close();
      await this.#begin();
    }
    await this.#writer?.write(batchOf(unit, this.#plan, this.#description, first, rows));
    this.#writtenBytes += rows * this.#rowBytes;
    this.#rows += rows;
    this.#items += 1;
  }

  /** Finishes the part at hand. */
  async close(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    await writer.close();
    this.#writer = undefined;
    this.#finished.push(writer.path);
  }

  /** Gives the parts their names. */
  async publish(): Promise<void> {
    for (const [index, part] of this.#finished.entries()) {
      await rename(part, join(this.#directory, tablePath(this.#plan), partName(index)));
      this.#published = index + 1;
    }
    await syncDirectory(join(this.#directory, tablePath(this.#plan)));
  }

  /** Removes what is not published. */
  async abort(reason: unknown): Promise<void> {
    await this.#writer?.abort(reason);
    for (const part of this.#finished.slice(this.#published)) await removeIfThere(part);
  }

  summary(): DatasetTable {
    const { subclips, statistic, columns } = this.#plan;
    return {
      path: tablePath(this.#plan),
      subclips,
      aggregate: statistic,
      encoding: this.#encoding,
      compression: this.#compression,
      items: this.#items,
      rows: this.#rows,
      parts: this.#finished.length,
      columns: columns.map(({ stream, dimension }) => ({ name: stream, dimension })),
    };
  }

  async #begin(): Promise<void> {
    const path = temporaryPath(join(this.#directory, tablePath(this.#plan)));
    this.#writer = await ParquetWriter.create(path, {
      rowGroupRows: this.#rowGroupRows,
      metadata: tableProvenance(this.#description, this.#plan, this.#encoding),
      encoding: this.#encoding,
      compression: this.#compression,
      createdBy: softwareVersion(),
      scalarColumns: SCALARS,
    });
    this.#writtenBytes = 0;
  }
}

/** The rows of one cut of a unit, with the columns of a table. */
function batchOf(unit: UnitTable, plan: TablePlan, description: DatasetFile, first: number, rows: number) {
  const end = first + rows;
  const vectors = plan.columns.map(({ stream, dimension }) => {
    const column = unit.columns.find((each) => each.stream === stream && each.statistic === plan.statistic);
    const vectors = {
      dimension,
      values: column?.values.subarray(first * dimension, end * dimension) ?? new Float32Array(rows * dimension),
      valid: column?.valid.subarray(first, end) ?? new Uint8Array(rows),
    };
    return listColumn(stream, vectors, columnProvenance(description, plan, stream, dimension));
  });
  const scalars = [
    textColumn('item_id', unit.itemId, rows),
    numberColumn('subclip', unit.subclip.subarray(first, end)),
    numberColumn('start', unit.start.subarray(first, end)),
    numberColumn('end', unit.end.subarray(first, end)),
    numberColumn('frames', unit.frames.subarray(first, end)),
    numberColumn('patches', unit.patches.subarray(first, end)),
    flagColumn('partial', isPartial(unit.metadata), rows),
  ];
  return recordBatch([...scalars, ...vectors], rows);
}

function partName(index: number): string {
  return `part-${String(index).padStart(5, '0')}.parquet`;
}

/** Removes parts that are not of the new tables, and directories that this leaves empty. */
async function removeOldParts(directory: string, current: ReadonlySet<string>): Promise<void> {
  for (const cut of (await readdir(directory)).filter((name) => /^subclips=\d+$/.test(name))) {
    for (const aggregate of (await readdir(join(directory, cut))).filter((name) => name.startsWith('aggregate='))) {
      const table = `${cut}/${aggregate}`;
      for (const part of await readdir(join(directory, table))) {
        const old = /^part-\d+\.parquet$/.test(part) && !current.has(`${table}/${part}`);
        if (old) await removeIfThere(join(directory, table, part));
      }
      await removeIfEmpty(join(directory, table));
    }
    await removeIfEmpty(join(directory, cut));
  }
}

async function removeIfEmpty(directory: string): Promise<void> {
  if ((await readdir(directory)).length === 0) await rmdir(directory);
}
