import { setMaxListeners } from 'node:events';
import { defer, from, lastValueFrom, mergeMap } from 'rxjs';
import { makeDirectory, removeStaleTemporaries } from '../../core/atomic-file.ts';
import { StartRate } from '../../core/start-rate.ts';
import type { CommandTemplate } from '../../io/fetch/command-template.ts';
import { lockDirectory } from '../../io/fetch/directory-lock.ts';
import { badIdMessage, type FetchItem } from '../../io/fetch/fetch-list.ts';
import { type FailedRecord, type FetchedRecord, type FetchRecord, FetchRecords } from '../../io/fetch/fetch-record.ts';
import { writeManifest } from '../../io/fetch/manifest.ts';
import { removeFolder } from '../../io/fetch/remove-folder.ts';
import { findFfprobe } from '../../io/media/ffmpeg.ts';
import { listener } from '../listener.ts';
import { fetchItem, putFailed } from './fetch-item.ts';
import { checkSource, type FetchOptions, type FetchSettings, fetchSettings } from './fetch-options.ts';
import { type FetchPaths, type FetchPlan, fetchPaths, planItems, readItems, recordsWithFiles } from './fetch-plan.ts';
import type { FetchSummary } from './fetch-summary.ts';

/**
 * Passes each id of a list to the user's own downloader, and makes a corpus from what it writes:
 * one media file for each id, a record of every failure, and a manifest for `extract`. The command
 * is split into words and started directly, never through a shell (`splitCommand`).
 *
 * Only one process at a time works on a directory. Ids that have already been fetched are skipped,
 * so an interrupted or killed run continues where it stopped; what it had in progress is removed
 * and fetched again. An id that fails is recorded, and the run continues. The list and one record
 * for each id are held in memory, but no file content.
 *
 * On `drain` no more commands are started; on `signal` running ones are killed. The manifest is
 * written in both cases, and after every 100 files; a thrown error leaves it as last written.
 *
 * @throws UsageError for wrong options, list or command, `program` when the downloader does not
 * exist; DatasetError `in-use` when another process works on the directory; SystemError
 * `disk-full`, or `decoder-missing` when `check` finds no ffprobe.
 *
 * @example
 * const { manifest, failures } = await fetchCorpus({
 *   list: 'ml-youtube.csv',
 *   out: 'trailers/',
 *   command: "yt-dlp --no-playlist -o '{out}.%(ext)s' 'https://www.youtube.com/watch?v={id}'",
 *   rate: '10/min',
 * });
 */
export async function fetchCorpus(options: FetchOptions): Promise<FetchSummary> {
  const template = checkSource(options);
  const settings = fetchSettings(options);
  if (settings.check) findFfprobe();
  const items = await readItems(options, template);
  options.onListed?.();
  const paths = fetchPaths(options.out);
  await makeDirectory(paths.out);
  const unlock = await lockDirectory(paths.lock);
  try {
    // Whatever is there was left by a dead process.
    await removeFolder(paths.work);
    await removeStaleTemporaries(paths.out);
    const records = await FetchRecords.read(paths.records);
    await records.clean();
    for (const path of records.damaged) options.onMessage?.(`${path} is damaged; its id is treated as not tried yet`);
    const plan = await planItems(items, records, paths, options.retryFailed ?? false);
    return await new FetchRun(options, template, settings, paths, records, plan).run();
  } finally {
    try {
      await removeFolder(paths.work);
    } finally {
      await unlock();
    }
  }
}

/** Files fetched between two writings of the manifest. */
const MANIFEST_EVERY = 100;

class FetchRun {
  readonly #options: FetchOptions;
  readonly #template: CommandTemplate;
  readonly #settings: FetchSettings;
  readonly #paths: FetchPaths;
  readonly #records: FetchRecords;
  readonly #plan: FetchPlan;
  readonly #began = performance.now();
  readonly #failures: FailedRecord[] = [];
  readonly #failed = new AbortController();
  readonly #active = new Set<Promise<unknown>>();
  readonly #tellItem: (record: FetchRecord) => void;
  #fetched = 0;
  /** Files fetched when the manifest was last written. */
  #listed = 0;
  #starts = 0;
  #bytes = 0;

  constructor(
    options: FetchOptions,
    template: CommandTemplate,
    settings: FetchSettings,
    paths: FetchPaths,
    records: FetchRecords,
    plan: FetchPlan,
  ) {
    this.#options = options;
    this.#template = template;
    this.#settings = settings;
    this.#paths = paths;
    this.#records = records;
    this.#plan = plan;
    this.#tellItem = listener('onItem', options.onItem);
  }

  async run(): Promise<FetchSummary> {
    const { drain, signal } = this.#options;
    const stop = AbortSignal.any([this.#failed.signal, ...(signal ? [signal] : [])]);
    const begin = AbortSignal.any([stop, ...(drain ? [drain] : [])]);
    for (const item of this.#plan.invalid) {
      if (begin.aborted) break;
      const fault = { reason: 'bad-id', message: badIdMessage(item), output: [] } as const;
      this.#count(await putFailed(item, fault, 0, { records: this.#records }));
    }
    this.#report();
    // Every running or waiting command listens, and there may be many.
    setMaxListeners(0, stop, begin);
    const context = {
      ...{ template: this.#template, settings: this.#settings, paths: this.#paths, records: this.#records },
      ...{ strangers: this.#plan.strangers, rate: new StartRate(this.#settings.startInterval), begin, signal: stop },
      onStart: () => {
        this.#starts += 1;
        this.#report();
      },
    };
    const fetchOne = async (item: FetchItem): Promise<void> => {
      if (begin.aborted) return;
      const fetching = fetchItem(item, context);
      this.#active.add(fetching);
      try {
        this.#count(await fetching);
        await this.#writeNowAndThen();
      } finally {
        this.#active.delete(fetching);
        this.#report();
      }
    };
    try {
      const work = from(this.#plan.pending).pipe(
        mergeMap((item) => defer(() => fetchOne(item)), this.#settings.concurrency),
      );
      await lastValueFrom(work, { defaultValue: undefined });
    } catch (error) {
      // A failure that stops the run stops every command, so none is left behind.
      this.#failed.abort(error);
      await Promise.allSettled(this.#active);
      throw error;
    }
    return this.#finish();
  }

  #count(record: FetchRecord | undefined): void {
    if (record === undefined) return;
    if (record.state === 'fetched') {
      this.#fetched += 1;
      this.#bytes += record.bytes;
    } else this.#failures.push(record);
    this.#tellItem(record);
  }

  /** Writes the manifest after this many files, for a run that may be killed before its end. */
  async #writeNowAndThen(): Promise<void> {
    if (this.#fetched < this.#listed + MANIFEST_EVERY) return;
    this.#listed = this.#fetched;
    await writeManifest(this.#paths.out, await this.#manifestRows());
  }

  async #finish(): Promise<FetchSummary> {
    const { items, present, failedEarlier } = this.#plan;
    const rows = await this.#manifestRows();
    const manifest = await writeManifest(this.#paths.out, rows);
    const ids = {
      listed: items.length,
      fetched: this.#fetched,
      alreadyThere: present.length,
      failed: this.#failures.length,
      failedEarlier: failedEarlier.length,
    };
    const left = items.length - ids.fetched - ids.alreadyThere - ids.failed - ids.failedEarlier;
    return {
      out: this.#options.out,
      manifest,
      ids: { ...ids, left },
      inManifest: rows.length,
      failures: this.#failures,
      starts: this.#starts,
      bytes: this.#bytes,
      wallSeconds: this.#seconds(),
      interrupted: left > 0,
    };
  }

  /**
   * What is recorded and exists: first in the order of the list, then what earlier lists brought.
   */
  async #manifestRows(): Promise<FetchedRecord[]> {
    const there = new Map((await recordsWithFiles(this.#records, this.#paths)).map((record) => [record.id, record]));
    const rows: FetchedRecord[] = [];
    for (const { id, movieIds } of this.#plan.items) {
      const record = there.get(id);
      if (record === undefined) continue;
      // The list may have been corrected since.
      rows.push({ ...record, movieIds: movieIds.length > 0 ? movieIds : record.movieIds });
      there.delete(id);
    }
    return [...rows, ...there.values()];
  }

  #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  #report(): void {
    const failed = this.#failures.length + this.#plan.failedEarlier.length;
    this.#options.onProgress?.({
      done: this.#fetched + this.#plan.present.length + failed,
      total: this.#plan.items.length,
      failed,
      running: this.#active.size,
      bytes: this.#bytes,
      wallSeconds: this.#seconds(),
    });
  }
}
