import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { replaceFile } from './atomic-file.ts';

/** What made a dataset. */
export interface DatasetDescription {
  /** Content hash of all that changes values: two runs with one id write the same bytes. */
  readonly graphId: string;
  /** Name of the graph. */
  readonly name: string;
  /** Version of the graph. */
  readonly version?: number;
  /** Everything that changes values, as JSON. */
  readonly params: unknown;
  /** The networks: name, hashes of card and weights, the weight files (`files`: role, SHA-256, origin, licence), the card itself. */
  readonly models: readonly unknown[];
}

/** What is in a dataset. */
export interface DatasetCounts {
  /** Committed units. */
  readonly videos: number;
  /** Frames and audio patches decoded for them. */
  readonly frames: number;
  readonly patches: number;
  /** Their length together, s. */
  readonly videoSeconds: number;
  /** Units of damaged media, of which only a part could be decoded. */
  readonly partial: number;
  /** Dead letters. */
  readonly dead: number;
  /** For each stream the units that have no vector of it: videos without sound have none of `audio`. */
  readonly without: Readonly<Record<string, number>>;
}

/** A Parquet table of a dataset: one number of subclips, one statistic. */
export interface DatasetTable {
  /** Directory of its parts, relative to the dataset's. */
  readonly path: string;
  readonly subclips: number;
  readonly aggregate: string;
  /** How its vectors are encoded; tables that do not say so are plain. */
  readonly encoding?: string;
  /** How its pages are compressed; tables that do not say so are `zstd`. */
  readonly compression?: string;
  readonly items: number;
  readonly rows: number;
  readonly parts: number;
  /** Its vector columns. */
  readonly columns: readonly { readonly name: string; readonly dimension: number }[];
}

/** `dataset.json`. */
export interface DatasetFile extends DatasetDescription {
  readonly format: 'reelflow-dataset';
  readonly formatVersion: 1;
  readonly software: string;
  readonly counts: DatasetCounts;
  /** Empty until the dataset is compacted. */
  readonly tables: readonly DatasetTable[];
}

/** Path of the description of the dataset in a directory. */
export function datasetFilePath(directory: string): string {
  return join(directory, 'dataset.json');
}

/**
 * Reads `dataset.json`.
 *
 * @throws UsageError `dataset` when the directory is no dataset, or one of a newer format.
 */
export function readDatasetFile(directory: string): DatasetFile {
  const path = datasetFilePath(directory);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${directory} is no dataset: ${(cause as Error).message}`, {
      code: 'dataset',
      remedy: 'Name a directory that `reelflow extract --out` or `toDataset` has written.',
      cause,
    });
  }
  let file: DatasetFile;
  try {
    file = JSON.parse(text) as DatasetFile;
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}`, {
      code: 'dataset',
      remedy: 'Delete it and run the command that made the dataset again: committed units are kept.',
      cause,
    });
  }
  const isWhole = Array.isArray(file.tables) && Array.isArray(file.models) && typeof file.counts?.videos === 'number';
  if (file.format === 'reelflow-dataset' && file.formatVersion === 1 && !isWhole) {
    throw new UsageError(`${path} is damaged: it lacks its tables, models or counts`, {
      code: 'dataset',
      remedy: 'Delete it and run the command that made the dataset again: committed units are kept.',
    });
  }
  if (file.format !== 'reelflow-dataset' || file.formatVersion !== 1) {
    throw new UsageError(
      `${path} says format '${file.format}', version ${file.formatVersion}, but this software reads 'reelflow-dataset', version 1`,
      { code: 'dataset', remedy: 'Use the version of reelflow that wrote it, or another directory.' },
    );
  }
  return file;
}

/** Writes `dataset.json`, whole or not at all. */
export async function writeDatasetFile(directory: string, file: DatasetFile): Promise<void> {
  await replaceFile(datasetFilePath(directory), `${JSON.stringify(file, null, 2)}\n`);
}

/**
 * Asserts that a directory can take the dataset of a graph: it is missing, empty, or holds that graph's dataset.
 *
 * @returns the dataset's file, or undefined when there is none yet.
 * @throws UsageError `dataset` when it holds another graph's dataset, saying what differs, or other files.
 */
export function checkDirectory(directory: string, description: DatasetDescription): DatasetFile | undefined {
  if (existsSync(directory) && !statSync(directory).isDirectory()) {
    throw new UsageError(`${directory} must be a directory, but is a file`, { code: 'dataset' });
  }
  if (!existsSync(datasetFilePath(directory))) {
    const foreign = existsSync(directory) ? readdirSync(directory).filter((name) => !isOwn(name)) : [];
    if (foreign.length > 0) {
      throw new UsageError(
        `${directory} is not empty and holds no dataset: it has '${foreign.sort()[0]}'${foreign.length > 1 ? ` and ${foreign.length - 1} more` : ''}`,
        { code: 'dataset', remedy: 'Name a new or empty directory for the dataset.' },
      );
    }
    return undefined;
  }
  const file = readDatasetFile(directory);
  if (file.graphId === description.graphId) return file;
  const changes = differences('', comparable(file), comparable(description));
  throw new UsageError(
    `${directory} holds the dataset of graph ${file.graphId}, not of ${description.graphId}: ${changes.length > 0 ? changes.join('; ') : 'the parameters read the same'}`,
    { code: 'dataset', remedy: 'Name another output directory, or use the parameters that the dataset was made with.' },
  );
}

/** What a dataset without its `dataset.json` consists of; hidden files are nobody's data. */
function isOwn(name: string): boolean {
  return /^\.|^(units|dead|fingerprints\.txt|calibration\.json|subclips=\d+)$/.test(name);
}

function comparable({ name, version, params }: DatasetDescription): unknown {
  return { graph: { name, version }, params };
}

/** Where two JSON values differ, a phrase for each place. */
function differences(path: string, there: unknown, now: unknown): string[] {
  const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isMap(there) && isMap(now)) {
    const left = there as Record<string, unknown>;
    const right = now as Record<string, unknown>;
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
      differences(path === '' || path === 'params' ? key : `${path}.${key}`, left[key], right[key]),
    );
  }
  const [before, after] = [JSON.stringify(there), JSON.stringify(now)];
  return before === after ? [] : [`${path} is ${before ?? 'missing'} there and ${after ?? 'missing'} now`];
}
