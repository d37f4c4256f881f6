import { checkInteger, checkPositive, checkString } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { startInterval } from '../../core/start-rate.ts';
import { CommandTemplate } from '../../io/fetch/command-template.ts';
import type { FetchRecord } from '../../io/fetch/fetch-record.ts';

/** What to fetch: a list, a command, and a directory to write to. */
export interface FetchSource {
  /**
   * CSV file with a column of ids: youtubeId, trailerId or id, or the one that `column` names; a
   * column movieId is used too.
   */
  readonly list: string;
  readonly column?: string | undefined;
  /** The directory of the files, the manifest, and the records of earlier runs. */
  readonly out: string;
  /** The downloader and its arguments, split by `splitCommand`, with `{id}` and `{out}`. */
  readonly command: string;
  /** Uses only this many ids, from the start of the list. */
  readonly limit?: number | undefined;
  /** Retries ids that failed in earlier runs. Default false: they stay failed and are skipped. */
  readonly retryFailed?: boolean | undefined;
}

/** How to fetch it. */
export interface FetchOptions extends FetchSource {
  /** Commands that run at the same time. Default 2. */
  readonly concurrency?: number | undefined;
  /**
   * Starts per unit of time, retries included, evenly spaced: `N/s`, `N/min` or `N/h`. Default: no
   * limit.
   */
  readonly rate?: string | undefined;
  /** Further attempts after a failed one. Default 2. */
  readonly retries?: number | undefined;
  /** Seconds before the first retry; doubled before each further one, up to an hour. Default 2. */
  readonly retryDelay?: number | undefined;
  /** Seconds until a command is killed. Default 600. */
  readonly timeout?: number | undefined;
  /** Whether ffprobe must find audio or video in what was written. Default true. */
  readonly check?: boolean | undefined;
  /** When aborted, nothing new is started; what is running is finished and recorded. */
  readonly drain?: AbortSignal | undefined;
  /** When aborted, what is running is killed at once; what is recorded stays. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when the list has been read, before anything is created; `drain` and `signal` take
   * effect only from then on.
   */
  readonly onListed?: (() => void) | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
  /** Called for each id that now has a verdict, with its record. */
  readonly onItem?: ((record: FetchRecord) => void) | undefined;
}

/** The progress of a run. */
export interface FetchProgress {
  /** Ids with a verdict: fetched or failed, in this run or before. */
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly running: number;
  /** Bytes of the files fetched in this run. */
  readonly bytes: number;
  readonly wallSeconds: number;
}

/** Times are in milliseconds, with defaults filled in. */
export interface FetchSettings {
  readonly concurrency: number;
  readonly startInterval: number;
  readonly retries: number;
  readonly retryDelay: number;
  readonly timeout: number;
  readonly check: boolean;
}

/** The longest time that a timer of Node.js can wait, in seconds. */
const LONGEST_TIMEOUT = 2_147_483;

/**
 * Checks what to fetch, and splits the command.
 * @throws UsageError for a command that cannot be split, or an invalid list, directory or limit.
 */
export function checkSource(source: FetchSource): CommandTemplate {
  checkString('list', source.list);
  checkString('out', source.out);
  if (source.column !== undefined) checkString('column', source.column);
  if (source.limit !== undefined) checkInteger('limit', source.limit);
  return new CommandTemplate(source.command);
}

const known: KnownOptions<FetchOptions> = {
  list: true,
  column: true,
  out: true,
  command: true,
  limit: true,
  retryFailed: true,
  concurrency: true,
  rate: true,
  retries: true,
  retryDelay: true,
  timeout: true,
  check: true,
  drain: true,
  signal: true,
  onListed: true,
  onProgress: true,
  onMessage: true,
  onItem: true,
};

/**
 * Checks how to fetch it.
 * @throws UsageError for a number out of range, or an invalid rate.
 */
export function fetchSettings(options: FetchOptions): FetchSettings {
  checkKnownOptions('fetchCorpus', options, known);
  const { retryDelay = 2, timeout = 600 } = options;
  checkPositive('timeout', timeout);
  return {
    concurrency: checkInteger('concurrency', options.concurrency ?? 2, 1, 64),
    startInterval: options.rate === undefined ? 0 : startInterval(options.rate),
    retries: checkInteger('retries', options.retries ?? 2, 0, 100),
    retryDelay: checkPositive('retryDelay', retryDelay, { zero: true }) * 1000,
    timeout: Math.min(timeout, LONGEST_TIMEOUT) * 1000,
    check: options.check ?? true,
  };
}
