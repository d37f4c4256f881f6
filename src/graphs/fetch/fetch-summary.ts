import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import { type FailedRecord, FetchRecords } from '../../io/fetch/fetch-record.ts';
import { fetchPaths } from './fetch-plan.ts';

/** What a run of `fetchCorpus` did. Counts are of ids: rows that share one are one. */
export interface FetchSummary {
  readonly out: string;
  /**
   * Path of the manifest: every file of the directory that is recorded and there, for the option
   * `manifest` of `extract`.
   */
  readonly manifest: string;
  readonly ids: {
    readonly listed: number;
    /** Fetched by this run. */
    readonly fetched: number;
    readonly alreadyThere: number;
    /** Failed in this run. */
    readonly failed: number;
    /** Failed in an earlier run, and not tried again. */
    readonly failedEarlier: number;
    /** Neither fetched nor failed, because the run was interrupted. */
    readonly left: number;
  };
  /** Rows of the manifest, also those of ids that this list does not have. */
  readonly inManifest: number;
  /** What failed in this run, in the order of failing. */
  readonly failures: readonly FailedRecord[];
  /** Commands started. */
  readonly starts: number;
  /** Bytes of the files fetched by this run. */
  readonly bytes: number;
  readonly wallSeconds: number;
  readonly interrupted: boolean;
}

/**
 * All ids that failed and have not been fetched since, with their reasons and the last lines that
 * the command printed.
 *
 * @throws UsageError `fetch` when nothing was ever fetched into the directory.
 */
export async function fetchFailures(directory: string): Promise<FailedRecord[]> {
  const { records } = fetchPaths(directory);
  if (!existsSync(records)) {
    throw new UsageError(`${directory} has no record of a fetch`, {
      code: 'fetch',
      remedy: 'Name a directory that `fetchCorpus` has written.',
    });
  }
  return (await FetchRecords.read(records)).all().filter((record) => record.state === 'failed');
}
