import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import { type FailedRecord, FetchRecords } from '../../io/fetch/fetch-record.ts';
import { fetchPaths } from './fetch-plan.ts';

/** What a run of `fetchCorpus` did. Counts are numbers of ids: rows with the same id count once. */
export interface FetchSummary {
  readonly out: string;
  /**
   * Path of the manifest: every recorded file that exists in the directory, for the option
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
    /** Failed in an earlier run, and not retried. */
    readonly failedEarlier: number;
    /** Neither fetched nor failed, because the run was interrupted. */
    readonly left: number;
  };
  /** Rows of the manifest, including ids that are not in this list. */
  readonly inManifest: number;
  /** What failed in this run, in the order in which they failed. */
  readonly failures: readonly FailedRecord[];
  /** Commands started. */
  readonly starts: number;
  /** Bytes of the files fetched by this run. */
  readonly bytes: number;
  readonly wallSeconds: number;
  readonly interrupted: boolean;
}

/**
 * All ids that failed and have not been fetched since, with the reasons and the last lines that the
 * command printed.
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
