import type { MediaErrorCode } from '../../core/errors.ts';

/**
 * Why something was not fetched: `bad-id` of the list, `exit` code other than 0, ended by a
 * `signal`, `timeout`, not started (`spawn`), wrote `no-file`, `several-files` or an `unsafe-file`
 * (a link or no plain file), a file of that name `exists` that is not of fetching; or what the
 * check of the file says: `not-media`, `empty`, `corrupt`, `no-streams`, ...
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

/** One attempt that failed. */
export interface FetchFault {
  readonly reason: FetchReason;
  readonly message: string;
  readonly exitCode?: number | undefined;
  /** The last lines that the program printed. */
  readonly output: readonly string[];
}
