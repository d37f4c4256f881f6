import { checkInteger, checkPositive, checkString } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { startInterval } from '../../core/start-rate.ts';
import { CommandTemplate } from '../../io/fetch/command-template.ts';
import type { FetchRecord } from '../../io/fetch/fetch-record.ts';

/** What is fetched: a list, a command, and where to. */
export interface FetchSource {
  /**
   * CSV file with a column of ids: youtubeId, trailerId or id, or the one that `column` names;
   * movieId where it has one.
   */
  readonly list: string;
  readonly column?: string | undefined;
  /** The directory of the files, the manifest, and the records of earlier runs. */
  readonly out: string;
  /** The downloader and its arguments, split by `splitCommand`, with `{id}` and `{out}`. */
  readonly command: string;
  /** Only the first ids of the list. */
  readonly limit?: number | undefined;
  /** Tries again what failed in earlier runs. Default false: it is kept and passed over. */
  readonly retryFailed?: boolean | undefined;
}

/** How it is fetched. */
export interface FetchOptions extends FetchSource {
  /** Commands that run at a time. Default 2. */
  readonly concurrency?: number | undefined;
  /**
   * Starts per time, retries included, evenly spaced: `N/s`, `N/min` or `N/h`. Default no limit.
   */
  readonly rate?: string | undefined;
  /** Further attempts after one that failed. Default 2. */
  readonly retries?: number | undefined;
  /** Seconds before the first retry; doubled before each further one, up to an hour. Default 2. */
  readonly retryDelay?: number | undefined;
  /** Seconds until a command is killed. Default 600. */
  readonly timeout?: number | undefined;
  /** Whether ffprobe must find audio or video in what was written. Default true. */
  readonly check?: boolean | undefined;
  /** Aborted: nothing new is started, what runs is finished and recorded. */
  readonly drain?: AbortSignal | undefined;
  /** Aborted: what runs is killed at once; what is recorded stays. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when the list has been read, before anything is made: only from then on `drain` and
   * `signal` are heeded.
   */
  readonly onListed?: (() => void) | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
  /** Told of each id that has a verdict now, with what is recorded of it. */
  readonly onItem?: ((record: FetchRecord) => void) | undefined;
}

/** How far a run is. */
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

/** Times in milliseconds, defaults filled in. */
export interface FetchSettings {
  readonly concurrency: number;
  readonly startInterval: number;
  readonly retries: number;
  readonly retryDelay: number;
  readonly timeout: number;
  readonly check: boolean;
}

/** The longest that a timer of Node.js can wait, in seconds. */
const LONGEST_TIMEOUT = 2_147_483;

/**
 * Checks what is fetched, and splits the command.
 * @throws UsageError for a command that cannot be split, or a list, directory or limit that is
 * none.
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
 * Checks how it is fetched.
 * @throws UsageError for a number out of range, or a rate that is none.
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
