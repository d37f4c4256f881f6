import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { DatasetError, UsageError } from '../../core/errors.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { printableStart } from '../../core/printable.ts';
import { wordsOf } from '../../core/words-of.ts';
import type { Cut } from './cut.ts';
import { isPartName, partPath, underDatasetLock } from './layout.ts';
import type { RowSchema } from './row-types.ts';

/** How many differences between two datasets to name. */
const LISTED_CHANGES = 4;
const LONGEST_VALUE = 60;

/** What made a dataset. */
export interface DatasetDescription {
  /**
   * Content hash of everything that changes values: two runs with the same id write the same bytes.
   */
  readonly graphId: string;
  /** Name of the graph. */
  readonly name: string;
  /** Version of the graph. */
  readonly version?: number | undefined;
  /** Everything that changes values, as JSON. */
  readonly params: unknown;
  /**
   * The networks: name, hashes of card and weights, the weight files (`files`: role, SHA-256,
   * origin, licence), the card itself.
   */
  readonly models: readonly unknown[];
  /** How the graph can be made again, as JSON: see `graphFrom`. */
  readonly spec?: unknown;
  /** The tables of rows that units have, by name: their columns and column types. */
  readonly rows?: Readonly<Record<string, RowSchema>> | undefined;
}

/** What is in a dataset. */
export interface DatasetCounts {
  /** Committed units. */
  readonly videos: number;
  /** Frames and audio patches decoded for them. */
  readonly frames: number;
  readonly patches: number;
  /** Their total length in seconds. */
  readonly videoSeconds: number;
  /** Units of damaged media, of which only a part could be decoded. */
  readonly partial: number;
  /** Dead letters. */
  readonly dead: number;
  /**
   * For each stream, the number of units that have no vector of it: videos without sound have none
   * of `audio`.
   */
  readonly without: Readonly<Record<string, number>>;
}

/** A Parquet table of a dataset: one cut into subclips, one statistic. */
export interface DatasetTable {
  /** Directory of its parts, relative to the dataset's. */
  readonly path: string;
  /** `10`: equal parts of an item; `'5s'`: one every five seconds. */
  readonly subclips: Cut;
  readonly aggregate: string;
  /** How its vectors are encoded; tables that do not say so are plain. */
  readonly encoding?: string | undefined;
  /** How its pages are compressed; tables that do not say so are `zstd`. */
  readonly compression?: string | undefined;
  readonly items: number;
  readonly rows: number;
  readonly parts: number;
  /** Its vector columns. */
  readonly columns: readonly { readonly name: string; readonly dimension: number }[];
}

/** A Parquet table of rows. */
export interface DatasetRowTable
  extends Pick<DatasetTable, 'path' | 'encoding' | 'compression' | 'items' | 'rows' | 'parts'> {
  /** Its columns except `item_id`, and their types. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** `_dataset.json`. */
export interface DatasetFile extends DatasetDescription {
  readonly format: 'reelflow-dataset';
  /** 1: files beside the tables had names without the `_`. */
  readonly formatVersion: 1 | 2;
  readonly software: string;
  readonly counts: DatasetCounts;
  /** Empty until the dataset is compacted. */
  readonly tables: readonly DatasetTable[];
  /** The tables of rows, if there are any. */
  readonly rowTables?: readonly DatasetRowTable[] | undefined;
  /** Increases by one with every change of this file. */
  readonly generation?: number | undefined;
  /** SHA-256 over the keys of the current units, in order. */
  readonly contents?: string | undefined;
  /** What the tables were made from, and the generation in which they were written. */
  readonly compacted?: { readonly contents: string; readonly generation: number } | undefined;
}

/** Path of the description of the dataset in a directory. */
export function datasetFilePath(directory: string): string {
  return partPath(directory, 'description');
}

/**
 * Reads `_dataset.json`.
 *
 * @throws UsageError `dataset` when the directory is not a dataset, or has a newer format;
 * DatasetError `damaged`.
 */
export function readDatasetFile(directory: string): DatasetFile {
  refuseAddress(directory);
  const path = datasetFilePath(directory);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const what = isMissing ? 'it has no `_dataset.json`' : wordsOf(cause);
    throw new UsageError(`${directory} is not a dataset: ${what}`, {
      code: 'dataset',
      remedy: 'Name a directory that `extract` or `writeDataset` has written.',
      cause,
    });
  }
  let file: DatasetFile;
  try {
    file = JSON.parse(text) as DatasetFile;
  } catch (cause) {
    throw new DatasetError('damaged', `${path} is not JSON: ${wordsOf(cause)}`, {
      remedy: 'Delete it and run the command that made the dataset again: committed units are kept.',
      cause,
    });
  }
  const isWhole = Array.isArray(file.tables) && Array.isArray(file.models) && typeof file.counts?.videos === 'number';
  const isKnown = file.format === 'reelflow-dataset' && (file.formatVersion === 1 || file.formatVersion === 2);
  if (isKnown && !isWhole) {
    throw new DatasetError('damaged', `${path} is damaged: it lacks its tables, models or counts`, {
      remedy: 'Delete it and run the command that made the dataset again: committed units are kept.',
    });
  }
  if (!isKnown) {
    throw new UsageError(
      `${path} says format '${file.format}', version ${file.formatVersion}, but this software reads 'reelflow-dataset', versions 1 and 2`,
      { code: 'dataset', remedy: 'Use the version of reelflow that wrote it, or another directory.' },
    );
  }
  return file;
}

/**
 * Changes the current content of `_dataset.json`, whole or not at all: under a lock, so that no
 * change of another process is lost, and with the next generation. A change without effect writes
 * nothing.
 *
 * @param change returns the new content, or undefined to leave it unchanged. It must call
 * `assertHeld` before it changes other files of the dataset.
 * @throws UsageError `dataset` when it cannot be read or written; what `change` throws.
 */
export async function updateDatasetFile(
  directory: string,
  change: (file: DatasetFile, assertHeld: () => Promise<void>) => Promise<DatasetFile | undefined>,
): Promise<DatasetFile> {
  return underDatasetLock(directory, async (assertHeld) => {
    const before = readDatasetFile(directory);
    const changed = await change(before, assertHeld);
    if (changed === undefined || JSON.stringify(changed) === JSON.stringify(before)) return before;
    const after: DatasetFile = { ...changed, formatVersion: 2, generation: generationOf(before) + 1 };
    await assertHeld();
    await replaceFile(datasetFilePath(directory), `${JSON.stringify(after, null, 2)}\n`);
    return after;
  });
}

/** How often a dataset's file has been changed. */
export function generationOf(file: DatasetFile): number {
  return file.generation ?? 0;
}

/**
 * Whether the tables lack a current unit, have one that is not current, do not exist, or are stored
 * differently from the request. Relies on the counts of the last process that closed the dataset.
 */
export function areTablesOutOfDate(
  directory: string,
  wanted: { readonly encoding?: string | undefined; readonly compression?: string | undefined } = {},
): boolean {
  const { counts, tables: ofSubclips, rowTables = [], contents, compacted } = readDatasetFile(directory);
  const tables = [...ofSubclips, ...rowTables.filter(({ parts }) => parts > 0)];
  if (ofSubclips.length + rowTables.length === 0) return contents === undefined || counts.videos > 0;
  if (contents === undefined || contents !== compacted?.contents) return true;
  if (tables.some(({ path }) => !existsSync(join(directory, path)))) return true;
  const { encoding, compression } = wanted;
  return tables.some(
    (table) =>
      (encoding !== undefined && (table.encoding ?? 'plain') !== encoding) ||
      (compression !== undefined && (table.compression ?? 'zstd') !== compression),
  );
}

/**
 * Checks that a directory can hold the dataset of a graph: it is missing, empty, or already holds
 * that graph's dataset.
 *
 * @returns the dataset's file, or undefined if there is none yet.
 * @throws UsageError `dataset` when it holds another graph's dataset, saying what differs, or other
 * files.
 */
export function checkDirectory(directory: string, description: DatasetDescription): DatasetFile | undefined {
  refuseAddress(directory);
  if (existsSync(directory) && !statSync(directory).isDirectory()) {
    throw new UsageError(`${directory} must be a directory, but is a file`, { code: 'dataset' });
  }
  if (!existsSync(datasetFilePath(directory))) {
    const foreign = existsSync(directory)
      ? readdirSync(directory).filter((name) => !isPartName(name) && !Object.hasOwn(description.rows ?? {}, name))
      : [];
    if (foreign.length > 0) {
      throw new UsageError(
        `${directory} is not empty and does not hold a dataset: it has '${foreign.sort()[0]}'${foreign.length > 1 ? ` and ${foreign.length - 1} more` : ''}`,
        { code: 'dataset', remedy: 'Name a new or empty directory for the dataset.' },
      );
    }
    return undefined;
  }
  const file = readDatasetFile(directory);
  if (file.graphId === description.graphId) return file;
  const changes = changesBetween(comparable(file), comparable(description));
  throw new UsageError(`${directory} holds a dataset that was made differently: ${changes}`, {
    code: 'dataset',
    remedy: 'Name another output directory, or use what the dataset was made with.',
  });
}

/** Where two JSON values differ, in words, with at most a few differences. */
export function changesBetween(there: unknown, now: unknown): string {
  const changes = differences('', there, now);
  if (changes.length === 0) return 'only the hash of the graph differs';
  const more = changes.length - LISTED_CHANGES;
  return `${changes.slice(0, LISTED_CHANGES).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function comparable({ name, version, params }: DatasetDescription): unknown {
  return { graph: { name, version }, params };
}

/** Parameters of a graph whose options have another name. */
const optionNames: Readonly<Record<string, string>> = { sampling: 'fps', duplicates: 'repeatedFrames' };

/** Where two JSON values differ, one phrase for each place. */
function differences(path: string, there: unknown, now: unknown): string[] {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null;
  const isMap = (value: unknown) => isObject(value) && (!Array.isArray(value) || value.some(isObject));
  if (isMap(there) && isMap(now)) {
    const left = there as Record<string, unknown>;
    const right = now as Record<string, unknown>;
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
      differences(path === '' || path === 'params' ? key : `${path}.${key}`, left[key], right[key]),
    );
  }
  const [before, after] = [JSON.stringify(there), JSON.stringify(now)];
  const shown = (json: string | undefined) => (json === undefined ? 'missing' : printableStart(json, LONGEST_VALUE));
  if (before === after) return [];
  return [`\`${optionNames[path] ?? path}\` was ${shown(before)} and is now ${shown(after)}`];
}
