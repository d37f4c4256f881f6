import { LONGEST_TIMER } from '../../../core/longest-timer.ts';
import { PROCESS_NAME } from '../../../core/process-identity.ts';
import type { Items } from '../../../io/dataset/items.ts';
import { isHiddenAddress } from '../../../io/far/far-address.ts';
import type { InputCopies } from '../../../io/far/input-copies.ts';
import { Video } from '../../../io/media/video.ts';
import { type Job, jobOf } from '../../../io/queue/job.ts';
import type { TakenJob, WorkerQueue } from '../../../io/queue/worker-queue.ts';
import type { ItemReport } from '../../run-reports.ts';
import type { Claims } from '../claims.ts';
import { Suspects } from '../suspects.ts';
import type { WorkerReport } from './fleet.ts';

/** What a worker's feed needs. */
export interface JobFeedSetting {
  readonly graphId: string;
  readonly queue: WorkerQueue;
  readonly claims: Claims;
  /** What the dataset knows about its items. */
  readonly items: Items;
  /** Makes the copies of remote items. Default: the one that the process shares. */
  readonly copies?: InputCopies | undefined;
  /** Milliseconds after which a job comes back if another process is working on its item. */
  readonly again: number;
  /** Milliseconds without a job after which the feed ends. Default: never. */
  readonly idle?: number | undefined;
  /** When aborted, no more jobs are taken. */
  readonly drain?: AbortSignal | undefined;
  /** Seconds that each operator has been busy. */
  readonly busy: () => Readonly<Record<string, number>>;
  readonly say: (sentence: string, item: string) => void;
}

/** Milliseconds between reports that include how busy the operators are. */
const BUSY_EVERY = 1000;

/**
 * The jobs of a queue as the items of a run in this process. Nothing in a job is trusted: it must
 * name an item that the dataset knows, whose file is where the dataset says; otherwise it is
 * refused. An item that was being worked on when a process died is a suspect.
 *
 * @example
 * declare const setting: JobFeedSetting;
 * const feed = new JobFeed(setting);
 * for await (const video of feed.items()) console.log(video.id, feed.signalOf(video)?.aborted);
 */
export class JobFeed {
  readonly #setting: JobFeedSetting;
  readonly #begun = new Map<Video, TakenJob>();
  readonly #suspects: Suspects<Video>;
  #toldBusy = 0;
  #closed = false;

  constructor(setting: JobFeedSetting) {
    this.#setting = setting;
    const { drain, queue, claims, say } = setting;
    this.#suspects = new Suspects(claims, say);
    const stop = () => queue.stop();
    if (drain?.aborted === true) stop();
    else drain?.addEventListener('abort', stop, { once: true });
  }

  /** The items, as room for them becomes available. */
  async *items(): AsyncGenerator<Video> {
    for (let job = await this.#next(); job !== undefined; job = await this.#next()) {
      const video = await this.#begin(job);
      if (video !== undefined) yield* this.#suspects.inTurn(video);
      if (this.#closed) return;
    }
  }

  /** Aborted when the job of an item no longer belongs to this worker. */
  signalOf(video: Video): AbortSignal | undefined {
    return this.#begun.get(video)?.signal;
  }

  /** Why an item must not be started again: every process that tried died of it. */
  verdictOf(video: Video): Error | undefined {
    return this.#suspects.verdictOf(video.id);
  }

  /** Reports the outcome of an item; undefined if it has none. */
  finished(video: Video, item: ItemReport | undefined): void {
    const job = this.#begun.get(video);
    if (job === undefined) return;
    if (item === undefined) job.back();
    else job.done(this.#report(item));
    this.#end(video);
  }

  /** Called after the run, however it ended: returns unfinished jobs to the queue. */
  async close(): Promise<void> {
    const { queue } = this.#setting;
    this.#closed = true;
    queue.stop();
    for (const [video, job] of [...this.#begun]) {
      job.back();
      this.#end(video);
    }
    await this.#suspects.close();
    await queue.close();
  }

  /** The next job; undefined if there are no more, or if none has come for too long. */
  async #next(): Promise<TakenJob | undefined> {
    const { queue, idle } = this.#setting;
    const next = queue.next();
    if (idle === undefined) return next;
    const watch = setInterval(
      () => {
        if (this.#begun.size === 0) queue.stop();
      },
      Math.min(idle, LONGEST_TIMER),
    );
    try {
      return await next;
    } finally {
      clearInterval(watch);
    }
  }

  /** The claimed item of a job; undefined if there is nothing to start. */
  async #begin(taken: TakenJob): Promise<Video | undefined> {
    const { claims, again } = this.#setting;
    let video: Video | string;
    let claim: Awaited<ReturnType<Claims['take']>>;
    try {
      video = await this.#videoOf(jobOf(taken.data));
      if (typeof video === 'string') {
        taken.refuse(video);
        return undefined;
      }
      claim = await claims.take(video.id);
    } catch (error) {
      taken.back();
      throw error;
    }
    if (this.#closed) {
      if (claim !== undefined) claims.release(video.id);
      taken.back();
      return undefined;
    }
    if (claim === undefined || taken.signal.aborted) {
      if (claim !== undefined) claims.release(video.id);
      taken.later(again);
      return undefined;
    }
    this.#begun.set(video, taken);
    this.#suspects.begin(video.id, claim);
    return video;
  }

  /** The video that a job may have computed, or why it may not. */
  async #videoOf(job: Job | undefined): Promise<Video | string> {
    const { graphId, items, copies } = this.#setting;
    if (job === undefined) return 'it is not a job of reelflow';
    if (job.graph !== graphId) return `it belongs to graph ${job.graph}, but this worker has ${graphId}`;
    // Includes what the driver recorded about the item before it was queued.
    await items.flush();
    const path = items.get(job.item)?.path;
    if (path !== undefined && isHiddenAddress(path)) return `the dataset has no whole address of '${job.item}'`;
    return path === undefined ? `the dataset has no item '${job.item}'` : new Video(path, { id: job.item, copies });
  }

  #end(video: Video): void {
    this.#begun.delete(video);
    this.#suspects.end(video.id);
  }

  #report(item: ItemReport): WorkerReport {
    const now = performance.now();
    if (now - this.#toldBusy < BUSY_EVERY) return { worker: PROCESS_NAME, item };
    this.#toldBusy = now;
    return { worker: PROCESS_NAME, item, busy: this.#setting.busy() };
  }
}
