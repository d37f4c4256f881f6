import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../core/atomic-file.ts';
import { writeFailure } from '../../core/disk-full.ts';
import { type StartRate, sleep } from '../../core/start-rate.ts';
import type { CommandTemplate } from '../../io/fetch/command-template.ts';
import { type Downloaded, download } from '../../io/fetch/download.ts';
import type { FetchFault } from '../../io/fetch/fetch-fault.ts';
import type { FetchItem } from '../../io/fetch/fetch-list.ts';
import type { FailedRecord, FetchRecord, FetchRecords } from '../../io/fetch/fetch-record.ts';
import { removeFolder } from '../../io/fetch/remove-folder.ts';
import type { FetchSettings } from './fetch-options.ts';
import { type FetchPaths, workFolder } from './fetch-plan.ts';

/** What fetching one id needs. */
export interface FetchContext {
  readonly template: CommandTemplate;
  readonly settings: FetchSettings;
  readonly paths: FetchPaths;
  readonly records: FetchRecords;
  readonly strangers: ReadonlyMap<string, string>;
  readonly rate: StartRate;
  /** Once aborted, no attempt is started. */
  readonly begin: AbortSignal;
  /** Once aborted, the command is killed. */
  readonly signal: AbortSignal;
  readonly onStart: () => void;
}

/** A retry waits at most this many milliseconds. */
const LONGEST_DELAY = 3_600_000;

/** Milliseconds before the `retry`-th retry, from 1: doubled each time, up to an hour. */
export function retryDelay(first: number, retry: number): number {
  return Math.min(LONGEST_DELAY, first * 2 ** (retry - 1));
}

/**
 * Fetches one id: makes attempts, checks the file, puts it in place, and records the outcome.
 *
 * @returns the record, or undefined if it was stopped before there was a verdict, in which case
 * nothing is recorded.
 * @throws UsageError for failures that stop the whole run: no such program, a full disk.
 */
export async function fetchItem(item: FetchItem, context: FetchContext): Promise<FetchRecord | undefined> {
  const { settings, paths, begin, signal, strangers } = context;
  const stranger = strangers.get(item.id);
  if (stranger !== undefined) return putFailed(item, strangerFault(stranger), 0, context);
  const folder = workFolder(paths, item.id);
  try {
    for (let attempt = 1; ; attempt += 1) {
      if (attempt > 1) await sleep(retryDelay(settings.retryDelay, attempt - 1), begin);
      await context.rate.turn(begin);
      if (begin.aborted) return undefined;
      context.onStart();
      const outcome = await download(context.template, item.id, { ...settings, folder, signal });
      if (!('reason' in outcome)) return await place(item, outcome, attempt, context);
      if (attempt > settings.retries) return await putFailed(item, outcome, attempt, context);
    }
  } catch (error) {
    // Stopped while waiting or running: that is not a verdict on the id.
    const { name, code } = error as { name?: string | undefined; code?: string | undefined };
    if (begin.aborted && (name === 'AbortError' || code === 'aborted')) return undefined;
    throw error;
  } finally {
    await removeFolder(folder);
  }
}

/**
 * Records the file, then moves it into place: whenever the process dies, it leaves no file without
 * a record.
 */
async function place(
  item: FetchItem,
  { path, extension, bytes }: Downloaded,
  attempts: number,
  context: FetchContext,
): Promise<FetchRecord> {
  const { paths } = context;
  const file = `${item.id}.${extension}`;
  if (await exists(join(paths.out, file))) return putFailed(item, strangerFault(file), attempts, context);
  const { id, movieIds } = item;
  const facts = { file, bytes, movieIds, attempts: attempts + earlierAttempts(id, context) };
  const record: FetchRecord = { state: 'fetched', id, ...facts, time: new Date().toISOString() };
  await context.records.put(record);
  try {
    await rename(path, join(paths.out, file));
  } catch (error) {
    throw writeFailure(join(paths.out, file), error);
  }
  await syncDirectory(paths.out);
  return record;
}

/** Records that an id was not fetched. */
export async function putFailed(
  { id, movieIds }: FetchItem,
  fault: FetchFault,
  attempts: number,
  context: Pick<FetchContext, 'records'>,
): Promise<FailedRecord> {
  const all = attempts + earlierAttempts(id, context);
  const time = new Date().toISOString();
  const record: FailedRecord = { state: 'failed', id, ...fault, movieIds, attempts: all, time };
  await context.records.put(record);
  return record;
}

function earlierAttempts(id: string, { records }: Pick<FetchContext, 'records'>): number {
  return records.get(id)?.attempts ?? 0;
}

function strangerFault(file: string): FetchFault {
  const message = `${file} already exists, and no record says that it was fetched: move it away, or list it in your own manifest`;
  return { reason: 'exists', message, output: [] };
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
