import { readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  syncDirectory,
  temporaryPath,
} from '../../core/atomic-file.ts';
import { Breather } from '../../core/breather.ts';
import { checkInteger, checkOneOf } from '../../core/check.ts';
import { listColumn, recordBatch } from './batch-columns.ts';
import { CommitStore } from './commit-store.ts';
import { countDataset } from './dataset.ts';
import {
  type DatasetFile,
  type DatasetTable,
  generationOf,
  readDatasetFile,
  updateDatasetFile,
} from './dataset-file.ts';
import { modernise } from './layout.ts';
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
import { orderUnits, type PlannedUnit, planTables, type TablePlan, tablePath } from './table-plan.ts';
import { UNIT_COLUMNS, type UnitRows, unitColumns } from './unit-columns.ts';
import { cutOf } from './unit-cut.ts';
import { UnitTally } from './unit-tally.ts';

const MIB = 1024 * 1024;
/** Row groups of all tables that are written at the same time, together. */
const OPEN_ROW_GROUP_BYTES = 128 * MIB;
const LEAST_ROW_GROUP_BYTES = 8 * MIB;
const MOST_ROW_GROUP_BYTES = 32 * MIB;
/** Rows of units that are written in one batch: more at a time buys no speed. */
const BATCH_BYTES = MIB;
const BATCH_UNITS = 256;
/** About what the other columns of a row take: an id of 30 bytes, and the numbers. */
const SCALAR_BYTES = 60;
const TABLES_AT_A_TIME = OPEN_ROW_GROUP_BYTES / LEAST_ROW_GROUP_BYTES;

/** How a dataset is compacted. */
export interface CompactOptions {
  /** A part ends with the item at which its rows exceed this many bytes before compression. Default 512 MiB. */
  readonly partBytes?: number | undefined;
  /** Bytes of rows in a row group before compression. Default: 8 to 32 MiB, less the more tables there are. */
  readonly rowGroupBytes?: number | undefined;
  /** How the vectors are encoded. Default `plain`; the values are the same. */
  readonly encoding?: ParquetEncoding | undefined;
  /** How the tables are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression | undefined;
  /** Sentences a person should read. */
  readonly onMessage?: ((message: string) => void) | undefined;
}

/**
 * Writes the committed units of a dataset as Parquet tables, one for each number of subclips and statistic:
 * `subclips=10/aggregate=mean/part-00000.parquet`, sorted by the item ids' UTF-8 bytes, then subclip. Columns: item_id,
 * subclip, start, end, frames, patches, partial, and a list of float32 for each stream, null where the unit has none. The number
 * of subclips and the statistic are in the path only (hive partitions). The key-value metadata entry `reelflow` of every part is JSON with the
 * graph's id and parameters and the networks' cards and hashes; of every vector column the Arrow field metadata name its networks and hashes.
 *
 * One unit and the open row groups (128 MiB together) are in memory at a time. Every run over the same units writes
 * the same bytes. New parts stand before old ones are removed; a killed run leaves the old tables readable. Of an item whose file has changed
 * the current unit is taken. Any number of processes may compact at once: tables of fewer units never take the place of tables of more, and
 * whoever finds that others have been faster takes theirs, or begins again.
 *
 * @returns the tables, as `_dataset.json` lists them.
 * @throws UsageError `dataset` when the directory is no dataset, or a unit is damaged.
 *
 * @example
 * const tables = await compact('features/');
 */
export async function compact(directory: string, options: CompactOptions = {}): Promise<readonly DatasetTable[]> {
  const partBytes = checkInteger('partBytes', options.partBytes ?? 512 * MIB);
  if (options.rowGroupBytes !== undefined) checkInteger('rowGroupBytes', options.rowGroupBytes);
  const encoding = checkOneOf('encoding', options.encoding ?? 'plain', PARQUET_ENCODINGS);
  const compression = checkOneOf('compression', options.compression ?? 'zstd', PARQUET_COMPRESSIONS);
  const modernised = await modernise(directory);
  if (modernised !== undefined) options.onMessage?.(modernised);
  const how = { partBytes, encoding, compression, rowGroupBytes: options.rowGroupBytes };
  for (;;) {
    const tables = await compactOnce(directory, how);
    if (tables !== undefined) return tables;
  }
}

interface Layout {
  readonly partBytes: number;
  readonly encoding: ParquetEncoding;
  readonly compression: ParquetCompression;
  readonly rowGroupBytes: number | undefined;
}

/** Writes the tables and gives them their names; undefined when another process has published others meanwhile. */
async function compactOnce(directory: string, layout: Layout): Promise<readonly DatasetTable[] | undefined> {
  const description = readDatasetFile(directory);
  const store = await CommitStore.open(directory, { create: false });
  const committed: PlannedUnit[] = [];
  const tally = new UnitTally();
  await store.eachCurrentUnit('throw', (unit) => {
    committed.push(unit);
    tally.add(unit);
  });
  const { contents } = tally.end(0);
  const units = await orderUnits(committed);
  const plans = await planTables(units);

  const share = Math.floor(OPEN_ROW_GROUP_BYTES / Math.max(1, plans.length));
  const rowGroupBytes = layout.rowGroupBytes ?? Math.max(LEAST_ROW_GROUP_BYTES, Math.min(share, MOST_ROW_GROUP_BYTES));
  const breather = new Breather();
  const tables = plans.map((plan) => new TableWriter(directory, plan, description, { ...layout, rowGroupBytes }));
  try {
    for (let first = 0; first < tables.length; first += TABLES_AT_A_TIME) {
      const group = tables.slice(first, first + TABLES_AT_A_TIME);
      for (const table of group) await table.open();
      for (const { key } of units) {
        const unit = store.readNow(key) ?? (await store.read(key));
        for (const table of group) await table.write(unit);
        if (breather.isDue) await breather.rest();
      }
      for (const table of group) await table.close();
    }
    const listed = tables.map((table) => table.summary());
    let outcome: readonly DatasetTable[] | undefined = listed;
    await updateDatasetFile(directory, async (file, assertHeld) => {
      const counted = await countDataset(store, 'throw');
      if (file.compacted?.generation !== description.compacted?.generation && counted.contents !== contents) {
        // Tables that another process has published while these were written, and units that these lack: theirs may have them.
        outcome = file.compacted?.contents === counted.contents ? file.tables : undefined;
        return undefined;
      }
      for (const table of tables) await table.publish(assertHeld);
      await removeOldParts(directory, new Set(tables.flatMap((table) => table.parts)));
      // Written again as they were, nothing has changed.
      const same = file.compacted?.contents === contents && JSON.stringify(file.tables) === JSON.stringify(listed);
      const compacted = (same && file.compacted) || { contents, generation: generationOf(file) + 1 };
      return { ...file, ...counted, tables: listed, compacted };
    });
    return outcome;
  } finally {
    // All but what was published.
    for (const table of tables) await table.abort(new Error('not published'));
  }
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
  #waiting: UnitRows[] = [];
  #waitingBytes = 0;
  readonly #fields: ReadonlyMap<string, Map<string, string>>;

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
    const provenance = ({ stream, dimension }: TablePlan['columns'][number]) =>
      [stream, columnProvenance(description, plan, stream, dimension)] as const;
    this.#fields = new Map(plan.columns.map(provenance));
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
    this.#waiting.push({ unit, first, rows });
    this.#waitingBytes += rows * (this.#rowBytes + SCALAR_BYTES);
    this.#writtenBytes += rows * this.#rowBytes;
    this.#rows += rows;
    this.#items += 1;
    if (this.#waitingBytes >= BATCH_BYTES || this.#waiting.length >= BATCH_UNITS) await this.#flush();
  }

  /** Finishes the part at hand. */
  async close(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    await this.#flush();
    await writer.close();
    this.#writer = undefined;
    this.#finished.push(writer.path);
  }

  /** Gives the parts their names. @param assertHeld asked before each: whether no other process does the same. */
  async publish(assertHeld: () => Promise<void>): Promise<void> {
    for (const [index, part] of this.#finished.entries()) {
      if (index < this.#published) continue;
      await assertHeld();
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

  /** The rows of small units are written together: each batch has its cost. */
  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (waiting.length > 0) await this.#writer?.write(batchOf(waiting, this.#plan, this.#fields));
  }

  async #begin(): Promise<void> {
    const path = temporaryPath(join(this.#directory, tablePath(this.#plan)));
    this.#writer = await ParquetWriter.create(path, {
      rowGroupRows: this.#rowGroupRows,
      metadata: tableProvenance(this.#description, this.#plan, this.#encoding),
      encoding: this.#encoding,
      compression: this.#compression,
      createdBy: softwareVersion(),
      scalarColumns: UNIT_COLUMNS,
    });
    this.#writtenBytes = 0;
  }
}

/** The rows of units, with the columns of a table. */
function batchOf(units: readonly UnitRows[], plan: TablePlan, fields: ReadonlyMap<string, Map<string, string>>) {
  const rows = units.reduce((sum, unit) => sum + unit.rows, 0);
  const vectors = plan.columns.map(({ stream, dimension }) => {
    const values = new Float32Array(rows * dimension);
    const valid = new Uint8Array(rows);
    let at = 0;
    for (const { unit, first, rows: count } of units) {
      const column = unit.columns.find((each) => each.stream === stream && each.statistic === plan.statistic);
      if (column !== undefined) {
        values.set(column.values.subarray(first * dimension, (first + count) * dimension), at * dimension);
        valid.set(column.valid.subarray(first, first + count), at);
      }
      at += count;
    }
    return listColumn(stream, { dimension, values, valid }, fields.get(stream));
  });
  return recordBatch([...unitColumns(units), ...vectors], rows);
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

/** A directory that another process is about to write to is left. */
async function removeIfEmpty(directory: string): Promise<void> {
  if ((await readdir(directory)).length > 0) return;
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
  });
}
