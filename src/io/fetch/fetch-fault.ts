import type { MediaErrorCode } from '../../core/errors.ts';

/**
 * Why something was not fetched: a `bad-id` in the list; the command had an `exit` code other than
 * 0, was ended by a `signal` or `timeout`, could not be started (`spawn`), or wrote `no-file`,
 * `several-files` or an `unsafe-file` (a link or not a regular file); a file of that name `exists`
 * that was not fetched; or the result of checking the file: `not-media`, `empty`, `corrupt`,
 * `no-streams`, ...
 */
export type FetchReason =
  | 'bad-id'
  | 'exit'
  | 'signal'
  | 'spawn'
  | 'no-file'
  | 'several-files'
  | 'unsafe-file'
  | 'exists'
  | MediaErrorCode;

/** One failed attempt. */
export interface FetchFault {
  readonly reason: FetchReason;
  readonly message: string;
  readonly exitCode?: number | undefined;
  /** The last lines that the program printed. */
  readonly output: readonly string[];
}
