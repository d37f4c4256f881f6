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
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { atDataset } from '../objects/at-dataset.ts';
import { CommitStore } from './commit-store.ts';
import { isCutDirectory } from './cut.ts';
import { countDataset } from './dataset.ts';
import {
  type DatasetRowTable,
  type DatasetTable,
  generationOf,
  readDatasetFile,
  updateDatasetFile,
} from './dataset-file.ts';
import { modernise } from './layout.ts';
import {
  type ParquetCompression,
  type ParquetEncoding,
  ParquetWriter,
  parquetCompressions,
  parquetEncodings,
} from './parquet.ts';
import type { RowSchema } from './row-types.ts';
import type { UnitTable } from './schema.ts';
import { softwareVersion } from './software.ts';
import { rowTable, subclipTable, type TableContent } from './table-content.ts';
import { orderUnits, type PlannedUnit, planTables, type TablePlan } from './table-plan.ts';
import { UnitTally } from './unit-tally.ts';

const MIB = 1024 * 1024;
/** Total size of the open row groups of all tables that are written at the same time. */
const OPEN_ROW_GROUP_BYTES = 128 * MIB;
const MIN_ROW_GROUP_BYTES = 8 * MIB;
const MAX_ROW_GROUP_BYTES = 32 * MIB;
/** Bytes of rows that are written in one batch: more at a time is no faster. */
const BATCH_BYTES = MIB;
const BATCH_UNITS = 256;
/** Approximate size of the other columns of a row: an id of 30 bytes, and the numbers. */
const SCALAR_BYTES = 60;
const TABLES_AT_A_TIME = OPEN_ROW_GROUP_BYTES / MIN_ROW_GROUP_BYTES;

/** How to compact a dataset. */
export interface CompactOptions {
  /**
   * A part ends with the item whose rows make it exceed this many bytes before compression. Default
   * 512 MiB.
   */
  readonly partBytes?: number | undefined;
  /**
   * Bytes of rows in a row group before compression. Default: 8 to 32 MiB, less if there are more
   * tables.
   */
  readonly rowGroupBytes?: number | undefined;
  /** How the vectors are encoded. Default `plain`; the values are the same. */
  readonly encoding?: ParquetEncoding | undefined;
  /** How the tables are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression | undefined;
  /** Sentences a person should read. */
  readonly onMessage?: ((message: string, about?: { readonly isWarning?: boolean | undefined }) => void) | undefined;
}

const known: KnownOptions<CompactOptions> = {
  partBytes: true,
  rowGroupBytes: true,
  encoding: true,
  compression: true,
  onMessage: true,
};

/**
 * Writes the committed units of a dataset as Parquet tables, one for each cut into subclips and
 * statistic: `subclips=10/aggregate=mean/part-00000.parquet`, sorted by the item ids' UTF-8 bytes,
 * then subclip. Columns: item_id, subclip, start, end, frames, patches, partial, and a list of
 * float32 for each stream, null where the unit has none. The cut and the statistic are only in the
 * path (hive partitions); `subclips=5s` has the subclips of five seconds. Tables of rows go to a
 * directory of their name, such as `shots/part-00000.parquet`. The key-value metadata entry
 * `reelflow` of every part is JSON with the graph's id and parameters and the networks' cards and
 * hashes; for every vector column, the Arrow field metadata name its networks and hashes.
 *
 * One unit and the open row groups (128 MiB together) are in memory at a time. Every run over the
 * same units writes the same bytes. New parts exist before old ones are removed, so a killed run
 * leaves the old tables readable. For an item whose file has changed, the current unit is used. Any
 * number of processes may compact at once: tables of fewer units never replace tables of more, and
 * a process that finds that others were faster uses their tables or starts over.
 *
 * @returns the tables, as `_dataset.json` lists them.
 * @throws UsageError `dataset` when the directory is not a dataset, or a unit is damaged.
 *
 * @example
 * const tables = await compact('features/');
 */
export async function compact(directory: string, options: CompactOptions = {}): Promise<readonly DatasetTable[]> {
  checkKnownOptions('compact', options, known);
  const partBytes = checkInteger('partBytes', options.partBytes ?? 512 * MIB);
  if (options.rowGroupBytes !== undefined) checkInteger('rowGroupBytes', options.rowGroupBytes);
  const encoding = checkOneOf('encoding', options.encoding ?? 'plain', parquetEncodings);
  const compression = checkOneOf('compression', options.compression ?? 'zstd', parquetCompressions);
  const { onMessage } = options;
  const how = { partBytes, encoding, compression, rowGroupBytes: options.rowGroupBytes };
  return atDataset(directory, async (at) => {
    const modernised = await modernise(at);
    if (modernised !== undefined) onMessage?.(modernised, { isWarning: true });
    for (;;) {
      const tables = await compactOnce(at, how);
      if (tables !== undefined) return tables;
    }
  });
}

interface Layout {
  readonly partBytes: number;
  readonly encoding: ParquetEncoding;
  readonly compression: ParquetCompression;
  readonly rowGroupBytes: number | undefined;
}

/**
 * Writes the tables and gives them their names; undefined if another process has published others
 * in the meantime.
 */
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
  const declared = Object.entries(description.rows ?? {});
  const ofSubclips = plans.map((plan) => subclipTable(plan, description));
  const ofRows = declared.map(([name, columns]) => rowTable(name, columns, description));

  const share = Math.floor(OPEN_ROW_GROUP_BYTES / Math.max(1, ofSubclips.length + ofRows.length));
  const rowGroupBytes = layout.rowGroupBytes ?? Math.max(MIN_ROW_GROUP_BYTES, Math.min(share, MAX_ROW_GROUP_BYTES));
  const breather = new Breather();
  const tables = [...ofSubclips, ...ofRows].map(
    (content) => new TableWriter(directory, content as TableContent, { ...layout, rowGroupBytes }),
  );
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
    const written = tables.map((table) => table.summary());
    const listed = plans.map((plan, at) => listedTable(plan, written[at] as WrittenTable));
    const rowTables = declared.map(([, columns], at) =>
      listedRows(columns, written[plans.length + at] as WrittenTable),
    );
    let outcome: readonly DatasetTable[] | undefined = listed;
    await updateDatasetFile(directory, async (file, assertHeld) => {
      const counted = await countDataset(store, 'throw');
      if (file.compacted?.generation !== description.compacted?.generation && counted.contents !== contents) {
        // Another process has published tables while these were written, or there are units that
        // these lack, which its tables may have.
        outcome = file.compacted?.contents === counted.contents ? file.tables : undefined;
        return undefined;
      }
      for (const table of tables) await table.publish(assertHeld);
      const current = new Set(tables.flatMap((table) => table.parts));
      await removeOldParts(directory, current);
      for (const { path } of ofRows) await removeOldPartsOf(directory, path, current);
      // If the tables were rewritten unchanged, nothing has changed.
      const before = JSON.stringify([file.tables, file.rowTables ?? []]);
      const same = file.compacted?.contents === contents && before === JSON.stringify([listed, rowTables]);
      const compacted = (same && file.compacted) || { contents, generation: generationOf(file) + 1 };
      return {
        ...file,
        ...counted,
        tables: listed,
        rowTables: rowTables.length > 0 ? rowTables : undefined,
        compacted,
      };
    });
    return outcome;
  } finally {
    // Everything except what was published.
    for (const table of tables) await table.abort(new Error('not published'));
  }
}

/** One table being written: its parts are temporary files until `publish`. */
class TableWriter {
  readonly #directory: string;
  readonly #content: TableContent;
  readonly #partBytes: number;
  readonly #encoding: ParquetEncoding;
  readonly #compression: ParquetCompression;
  readonly #rowGroupRows: number;
  readonly #finished: string[] = [];
  #published = 0;
  #writer: ParquetWriter | undefined;
  #writtenBytes = 0;
  #rows = 0;
  #items = 0;
  #waiting: unknown[] = [];
  #waitingBytes = 0;

  constructor(
    directory: string,
    content: TableContent,
    how: {
      readonly partBytes: number;
      readonly rowGroupBytes: number;
      readonly encoding: ParquetEncoding;
      readonly compression: ParquetCompression;
    },
  ) {
    this.#directory = directory;
    this.#content = content;
    this.#partBytes = how.partBytes;
    this.#encoding = how.encoding;
    this.#compression = how.compression;
    this.#rowGroupRows = Math.max(1, Math.floor(how.rowGroupBytes / content.rowBytes));
  }

  /** Paths of the published parts, relative to the dataset. */
  get parts(): string[] {
    return this.#finished.map((_, index) => `${this.#content.path}/${partName(index)}`);
  }

  /** Creates the table's directory and removes what killed runs left in it. */
  async open(): Promise<void> {
    const directory = join(this.#directory, this.#content.path);
    await makeDirectory(directory);
    await removeStaleTemporaries(directory);
  }

  async write(unit: UnitTable): Promise<void> {
    const found = this.#content.take(unit);
    if (found === undefined) return;
    const { taken, rows, bytes } = found;
    if (!this.#writer || this.#writtenBytes >= this.#partBytes) {
      await this.close();
      await this.#begin();
    }
    this.#waiting.push(taken);
    this.#waitingBytes += bytes + rows * SCALAR_BYTES;
    this.#writtenBytes += bytes;
    this.#rows += rows;
    this.#items += 1;
    if (this.#waitingBytes >= BATCH_BYTES || this.#waiting.length >= BATCH_UNITS) await this.#flush();
  }

  /** Finishes the current part. */
  async close(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    await this.#flush();
    await writer.close();
    this.#writer = undefined;
    this.#finished.push(writer.path);
  }

  /**
   * Gives the parts their names.
   * @param assertHeld called before each, to check that no other process is doing the same.
   */
  async publish(assertHeld: () => Promise<void>): Promise<void> {
    for (const [index, part] of this.#finished.entries()) {
      if (index < this.#published) continue;
      await assertHeld();
      await rename(part, join(this.#directory, this.#content.path, partName(index)));
      this.#published = index + 1;
    }
    await syncDirectory(join(this.#directory, this.#content.path));
  }

  /** Removes what has not been published. */
  async abort(reason: unknown): Promise<void> {
    await this.#writer?.abort(reason);
    for (const part of this.#finished.slice(this.#published)) await removeIfThere(part);
  }

  summary(): WrittenTable {
    return {
      path: this.#content.path,
      encoding: this.#encoding,
      compression: this.#compression,
      items: this.#items,
      rows: this.#rows,
      parts: this.#finished.length,
    };
  }

  /** Writes the rows of small units together, because each batch has a cost. */
  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (waiting.length === 0) return;
    for (const batch of this.#content.batches(waiting)) await this.#writer?.write(batch);
  }

  async #begin(): Promise<void> {
    const path = temporaryPath(join(this.#directory, this.#content.path));
    this.#writer = await ParquetWriter.create(path, {
      rowGroupRows: this.#rowGroupRows,
      metadata: this.#content.provenance(this.#encoding),
      encoding: this.#encoding,
      compression: this.#compression,
      createdBy: softwareVersion(),
      scalarColumns: this.#content.scalarColumns,
    });
    this.#writtenBytes = 0;
  }
}

/** What is known about a written table. */
type WrittenTable = Pick<DatasetTable, 'path' | 'encoding' | 'compression' | 'items' | 'rows' | 'parts'>;

function listedTable({ subclips, statistic, columns }: TablePlan, written: WrittenTable): DatasetTable {
  const { path, ...rest } = written;
  const vectors = columns.map(({ stream, dimension }) => ({ name: stream, dimension }));
  return { path, subclips, aggregate: statistic, ...rest, columns: vectors };
}

function listedRows(columns: RowSchema, written: WrittenTable): DatasetRowTable {
  return { ...written, columns: Object.entries(columns).map(([name, type]) => ({ name, type })) };
}

function partName(index: number): string {
  return `part-${String(index).padStart(5, '0')}.parquet`;
}

/** Removes parts that do not belong to the new tables, and directories that this leaves empty. */
async function removeOldParts(directory: string, current: ReadonlySet<string>): Promise<void> {
  for (const cut of (await readdir(directory)).filter(isCutDirectory)) {
    for (const aggregate of (await readdir(join(directory, cut))).filter((name) => name.startsWith('aggregate='))) {
      await removeOldPartsOf(directory, `${cut}/${aggregate}`, current);
      await removeIfEmpty(join(directory, cut, aggregate));
    }
    await removeIfEmpty(join(directory, cut));
  }
}

async function removeOldPartsOf(directory: string, table: string, current: ReadonlySet<string>): Promise<void> {
  for (const part of await readdir(join(directory, table))) {
    const old = /^part-\d+\.parquet$/.test(part) && !current.has(`${table}/${part}`);
    if (old) await removeIfThere(join(directory, table, part));
  }
}

/** Leaves a directory that another process is about to write to. */
async function removeIfEmpty(directory: string): Promise<void> {
  if ((await readdir(directory)).length > 0) return;
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
  });
}
