import { farewell } from '../farewell.ts';
import { bullmqFor, connected, FAREWELL } from './bullmq.ts';
import { queueAddress } from './queue-address.ts';

/** A job that this worker has taken, until its outcome is reported. */
export interface TakenJob {
  /** What the queue carried; anybody may have written it. */
  readonly data: unknown;
  /** Aborted when the job no longer belongs to this worker: its lock was lost. */
  readonly signal: AbortSignal;
  /** Marks the job as done; the report goes to the listeners. */
  done(report: unknown): void;
  /** Makes the job come back after some milliseconds. */
  later(milliseconds: number): void;
  /** Returns the job for another worker. */
  back(): void;
  /** Refuses the job because it cannot be done. */
  refuse(reason: string): void;
}

/** How a worker takes jobs from a queue. */
export interface WorkerQueueOptions {
  /** Number of jobs at a time. */
  readonly concurrency: number;
  /** Milliseconds for which a job stays with a silent worker. */
  readonly lock: number;
  /** Called when a server does not answer: everything waits until it does. */
  readonly onError: (error: Error) => void;
}

/** A queue, as used by a worker. */
export interface WorkerQueue {
  /** The next job; undefined after `stop`. Must not be called again before it has answered. */
  next(): Promise<TakenJob | undefined>;
  /** Stops taking jobs, and returns those that were not requested. */
  stop(): void;
  /** Waits until every job has been answered, unless the server is silent. */
  close(): Promise<void>;
}

/** How a job ends at this worker. */
type Answer =
  | { readonly type: 'done'; readonly report: unknown }
  | { readonly type: 'later'; readonly milliseconds: number }
  | { readonly type: 'back' }
  | { readonly type: 'refuse'; readonly reason: string };

/**
 * Opens a queue to take its jobs. A job stays with this worker as long as its lock is renewed,
 * which happens automatically, however long the job takes; a job whose worker died goes to another.
 *
 * @throws UsageError for the address; SystemError `queue` when it cannot be opened.
 */
export async function openWorkerQueue(uri: string, name: string, options: WorkerQueueOptions): Promise<WorkerQueue> {
  const { Worker, connection, delayed, waiting, cut } = await bullmqFor(queueAddress(uri));
  const { concurrency, lock, onError } = options;
  const taken = new Handover();
  const worker = await connected(() => {
    const opened = new Worker<unknown, unknown>(
      name,
      async (job, token, signal) => {
        const answer = await new Promise<Answer>((answered) => {
          taken.put({
            data: job.data,
            signal: signal ?? new AbortController().signal,
            done: (report) => answered({ type: 'done', report }),
            later: (milliseconds) => answered({ type: 'later', milliseconds }),
            back: () => answered({ type: 'back' }),
            refuse: (reason) => answered({ type: 'refuse', reason }),
          });
        });
        switch (answer.type) {
          case 'done':
            return answer.report;
          case 'later':
            await job.moveToDelayed(Date.now() + answer.milliseconds, token);
            throw delayed();
          case 'back':
            await job.moveToWait(token);
            throw waiting();
          case 'refuse':
            throw new Error(answer.reason);
        }
      },
      {
        connection,
        concurrency,
        autorun: false,
        lockDuration: lock,
        stalledInterval: lock / 2,
        // The queue, which may forget, does not decide what caused a worker's death.
        maxStalledCount: MANY,
        runRetryDelay: 500,
      },
    );
    opened.on('error', onError);
    return opened;
  });
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'the lock of its job was lost');
  });
  worker.run().catch(onError);
  return {
    next: () => taken.next(),
    stop: () => {
      worker.pause(true).catch(onError);
      taken.close();
    },
    close: () => farewell(worker.close(), FAREWELL, cut),
  };
}

/** More often than any job comes back. */
const MANY = 2 ** 31 - 1;

/** Passes jobs from the code that takes them to the code that does them. */
class Handover {
  readonly #jobs: TakenJob[] = [];
  #waiting: ((job: TakenJob | undefined) => void) | undefined;
  #isClosed = false;

  put(job: TakenJob): void {
    if (this.#isClosed) {
      job.back();
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#jobs.push(job);
    else waiting(job);
  }

  next(): Promise<TakenJob | undefined> {
    const job = this.#jobs.shift();
    if (job !== undefined || this.#isClosed) return Promise.resolve(job);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const job of this.#jobs.splice(0)) job.back();
    this.#waiting?.(undefined);
  }
}
