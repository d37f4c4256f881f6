import { farewell } from '../farewell.ts';
import { bullmqFor, connected, FAREWELL } from './bullmq.ts';
import { queueAddress } from './queue-address.ts';

/** A job that this worker has taken, until it says what has become of it. */
export interface TakenJob {
  /** What the queue carried; anybody may have written it. */
  readonly data: unknown;
  /** Aborted when the job no longer belongs to this worker: its lock was lost. */
  readonly signal: AbortSignal;
  /** It is done; the report goes to the listeners. */
  done(report: unknown): void;
  /** It must come again after some milliseconds. */
  later(milliseconds: number): void;
  /** Another worker should have it. */
  back(): void;
  /** It is not a job that can be done. */
  refuse(reason: string): void;
}

/** How a worker takes jobs. */
export interface WorkerQueueOptions {
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Milliseconds for which a job stays with a worker that says nothing. */
  readonly lock: number;
  /** Called when a server does not answer: everything waits until it does. */
  readonly onError: (error: Error) => void;
}

/** A queue whose jobs are taken. */
export interface WorkerQueue {
  /** The next job; undefined after `stop`. Must not be called again before it has answered. */
  next(): Promise<TakenJob | undefined>;
  /** Takes no more, and gives back what was not asked for. */
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
 * Opens a queue to take its jobs. What is taken stays this worker's as long as its lock is renewed,
 * by itself and however long the job takes; a job whose worker died goes to another.
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
        // The queue, which may forget, does not decide what is to blame for a worker's death.
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

/** More often than any job comes again. */
const MANY = 2 ** 31 - 1;

/** Hands over jobs from those who take them to those who do them. */
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
