import { readdir } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { CommandTemplate } from '../../io/fetch/command-template.ts';
import { outputPrefix } from '../../io/fetch/download.ts';
import { type FetchItem, readFetchList } from '../../io/fetch/fetch-list.ts';
import { type FailedRecord, type FetchedRecord, FetchRecords, recordKey } from '../../io/fetch/fetch-record.ts';
import { MEDIA_EXTENSIONS } from '../../io/media/sniff.ts';
import { checkSource, type FetchOptions, type FetchSource, fetchSettings } from './fetch-options.ts';

/**
 * Where a directory of fetched files keeps its internal files: the leading dot hides them from
 * `extract DIR`.
 */
export interface FetchPaths {
  readonly out: string;
  readonly records: string;
  readonly work: string;
  readonly lock: string;
}

/** The paths of a directory of fetched files; creates nothing. */
export function fetchPaths(directory: string): FetchPaths {
  const out = resolve(directory);
  const own = join(out, '.fetch');
  return { out, records: join(own, 'records'), work: join(own, 'work'), lock: join(own, 'lock') };
}

/** The folder of one id while its command runs. */
export function workFolder(paths: FetchPaths, id: string): string {
  return join(paths.work, recordKey(id));
}

/** The list, divided according to the records of a directory. */
export interface FetchPlan {
  readonly items: readonly FetchItem[];
  /** To be fetched. */
  readonly pending: readonly FetchItem[];
  /** Invalid ids, which are recorded as failed without running a command. */
  readonly invalid: readonly FetchItem[];
  /** Fetched by an earlier run, and still there. */
  readonly present: readonly FetchItem[];
  /** Failed in an earlier run, and not retried. */
  readonly failedEarlier: readonly FailedRecord[];
  /** Media files in the directory without a record, by the id that their name stands for. */
  readonly strangers: ReadonlyMap<string, string>;
}

/**
 * Reads and checks the list for a command.
 * @throws UsageError as in `readFetchList`, and for ids that the command would read as options.
 */
export async function readItems(source: FetchSource, template: CommandTemplate): Promise<FetchItem[]> {
  const { list, column, limit } = source;
  const all = await readFetchList(list, column === undefined ? {} : { column });
  const items = limit === undefined ? all : all.slice(0, limit);
  const optionLike = items.filter(({ id, valid }) => valid && template.readsAsOption(id));
  if (optionLike.length > 0) {
    throw new UsageError(
      `${optionLike.length} ids of ${list} begin with '-', such as '${optionLike[0]?.id}', and '${template.program}' would read them as options`,
      {
        code: 'command',
        remedy: "Put {id} into an address ('https://www.youtube.com/watch?v={id}'), or after a word `--`.",
      },
    );
  }
  return items;
}

/** Divides items by the records and files that a directory has. */
export async function planItems(
  items: readonly FetchItem[],
  records: FetchRecords,
  paths: FetchPaths,
  retryFailed: boolean,
): Promise<FetchPlan> {
  const files = await mediaFiles(paths.out);
  const present: FetchItem[] = [];
  const pending: FetchItem[] = [];
  const invalid: FetchItem[] = [];
  const failedEarlier: FailedRecord[] = [];
  for (const item of items) {
    const record = records.get(item.id);
    if (record?.state === 'fetched' && files.has(record.file)) present.push(item);
    else if (record?.state === 'failed' && !retryFailed) failedEarlier.push(record);
    else if (item.valid) pending.push(item);
    else invalid.push(item);
  }
  const strangers = new Map<string, string>();
  for (const file of files) {
    const id = file.slice(0, -extname(file).length);
    const record = records.get(id);
    if (record?.state !== 'fetched' || record.file !== file) strangers.set(id, file);
  }
  return { items, pending, invalid, present, failedEarlier, strangers };
}

/** The records of files that are in place, by id. */
export async function recordsWithFiles(records: FetchRecords, paths: FetchPaths): Promise<FetchedRecord[]> {
  const files = await mediaFiles(paths.out);
  return records
    .all()
    .filter((record): record is FetchedRecord => record.state === 'fetched' && files.has(record.file));
}

/** One command that `fetchCorpus` would start. */
export interface PlannedCommand {
  readonly id: string;
  /** The program and its arguments. */
  readonly argv: readonly string[];
}

/**
 * What `fetchCorpus` would start, in order, without starting or writing anything.
 *
 * @throws UsageError as `fetchCorpus` for the options, the list and the command.
 *
 * @example
 * const commands = await planFetch({ list: 'ml-youtube.csv', out: 'trailers/', command: "get {out}.mp4 'v={id}'" });
 */
export async function planFetch(source: FetchOptions): Promise<PlannedCommand[]> {
  const template = checkSource(source);
  fetchSettings(source);
  const items = await readItems(source, template);
  const paths = fetchPaths(source.out);
  const records = await FetchRecords.read(paths.records);
  const { pending, strangers } = await planItems(items, records, paths, source.retryFailed ?? false);
  return pending
    .filter(({ id }) => !strangers.has(id))
    .map(({ id }) => ({ id, argv: template.fill(id, outputPrefix(workFolder(paths, id), id)) }));
}

async function mediaFiles(directory: string): Promise<Set<string>> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const media = entries.filter(({ name }) => MEDIA_EXTENSIONS.includes(extname(name).slice(1).toLowerCase()));
    return new Set(media.map(({ name }) => name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set();
    throw error;
  }
}
