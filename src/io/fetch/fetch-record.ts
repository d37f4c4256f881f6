import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, removeStaleTemporaries, replaceFile } from '../../core/atomic-file.ts';
import { sha256 } from '../../core/hash.ts';
import type { FetchFault } from './fetch-fault.ts';

/** What is known about a fetched id. */
export interface FetchedRecord {
  readonly state: 'fetched';
  readonly id: string;
  /** Name of the file, beside the manifest. */
  readonly file: string;
  readonly bytes: number;
  readonly movieIds: readonly string[];
  /** How often the command was started for it, over all runs. */
  readonly attempts: number;
  /** ISO 8601. */
  readonly time: string;
}

/** What is known about an id that was not fetched. */
export interface FailedRecord extends FetchFault {
  readonly state: 'failed';
  readonly id: string;
  readonly movieIds: readonly string[];
  readonly attempts: number;
  readonly time: string;
}

/** The outcome for an id; ids that were never tried, or were interrupted, have none. */
export type FetchRecord = FetchedRecord | FailedRecord;

/**
 * A name that is safe in every file system, whatever the id: ids may be invalid as file names, or
 * differ only by case.
 */
export function recordKey(id: string): string {
  return sha256(id).slice(0, 32);
}

/**
 * Names of records and of their folders; anything else there, such as files that desktops create,
 * is not a record.
 */
const RECORD = /^[0-9a-f]{32}\.json$/;
const SHARD = /^[0-9a-f]{2}$/;

/** Record files read at a time. */
const AT_ONCE = 32;

/**
 * The outcome for every id, in one small file each (`<kk>/<key>.json`): each appears, and is
 * replaced, whole or not at all, so a killed run only loses what was in progress.
 */
export class FetchRecords {
  readonly #directory: string;
  readonly #records: Map<string, FetchRecord>;
  /** Record files that could not be understood; their ids count as never tried. */
  readonly damaged: readonly string[];

  private constructor(directory: string, records: Map<string, FetchRecord>, damaged: readonly string[]) {
    this.#directory = directory;
    this.#records = records;
    this.damaged = damaged;
  }

  /** Reads all records in a directory, which may be missing; writes nothing. */
  static async read(directory: string): Promise<FetchRecords> {
    const records = new Map<string, FetchRecord>();
    const damaged: string[] = [];
    const paths: string[] = [];
    for (const shard of await shardsIn(directory)) {
      for (const name of await namesIn(join(directory, shard))) {
        if (RECORD.test(name)) paths.push(join(directory, shard, name));
      }
    }
    for (let at = 0; at < paths.length; at += AT_ONCE) {
      await Promise.all(
        paths.slice(at, at + AT_ONCE).map(async (path) => {
          const record = parseRecord(await textOf(path));
          if (record === undefined) damaged.push(path);
          else records.set(record.id, record);
        }),
      );
    }
    return new FetchRecords(directory, records, damaged);
  }

  /** Removes half-written files of killed processes. */
  async clean(): Promise<void> {
    for (const shard of await shardsIn(this.#directory)) await removeStaleTemporaries(join(this.#directory, shard));
  }

  /** The record of an id, undefined if it has no verdict yet. */
  get(id: string): FetchRecord | undefined {
    return this.#records.get(id);
  }

  /** All records, sorted by id. */
  all(): FetchRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  /**
   * Writes a record, replacing an earlier one. It is on disk when this resolves.
   * @throws SystemError `disk-full`.
   */
  async put(record: FetchRecord): Promise<void> {
    const key = recordKey(record.id);
    const shard = join(this.#directory, key.slice(0, 2));
    await makeDirectory(shard);
    await replaceFile(join(shard, `${key}.json`), `${JSON.stringify(record, null, 2)}\n`);
    this.#records.set(record.id, record);
  }
}

async function shardsIn(directory: string): Promise<string[]> {
  return (await namesIn(directory)).filter((name) => SHARD.test(name));
}

/** The text of a record; something that is not a file has none, and counts as damaged. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return '';
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function parseRecord(text: string): FetchRecord | undefined {
  let record: { readonly [Name in keyof FetchedRecord | keyof FailedRecord]?: unknown };
  try {
    record = JSON.parse(text) ?? {};
  } catch {
    return undefined;
  }
  const common = typeof record.id === 'string' && typeof record.attempts === 'number' && isTexts(record.movieIds);
  const fetched = record.state === 'fetched' && isFileName(record.file) && typeof record.bytes === 'number';
  const failed = record.state === 'failed' && typeof record.reason === 'string' && isTexts(record.output);
  return common && (fetched || failed) ? (record as FetchRecord) : undefined;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** A record names a file in its own directory, never a path out of it. */
function isFileName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}\.[a-z0-9]{1,8}$/.test(value);
}
