import { setTimeout as sleep } from 'node:timers/promises';
import { farewell } from '../farewell.ts';
import { bullmqFor, connected, FAREWELL } from './bullmq.ts';
import { type Job, jobId } from './job.ts';
import { queueAddress } from './queue-address.ts';

/** How much a queue holds. */
export interface QueueDepth {
  /** Jobs that nobody has taken. */
  readonly waiting: number;
  /** Jobs that nobody may take yet: another process was working on their item. */
  readonly delayed: number;
  /** Jobs that a worker is working on. */
  readonly active: number;
}

/** A queue, as used by a driver. */
export interface DriverQueue {
  /** Adds jobs; a job that is already in the queue is not added again. */
  add(jobs: readonly Job[]): Promise<void>;
  depth(): Promise<QueueDepth>;
  /** How many workers are connected. */
  workers(): Promise<number>;
  /** Removes the jobs that nobody has taken. */
  empty(): Promise<void>;
  /** Removes everything, including jobs that a worker supposedly has. */
  drop(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Listeners for what happens in a queue. What they receive cannot be trusted: anybody may have
 * written it.
 */
export interface QueueListeners {
  /** Called with a worker's report on a finished job. */
  readonly onReport: (report: unknown) => void;
  /** Called with a job that a worker refused, and why. */
  readonly onRefusal: (reason: string) => void;
  /** Called when a server does not answer: everything waits until it does. */
  readonly onError: (error: Error) => void;
}

/** How many events are kept for listeners; each may be as long as a report. */
const KEPT_EVENTS = 2000;
/** Milliseconds before events are listened for again after a failure. */
const PAUSE = 250;

/**
 * Opens a queue to fill it.
 *
 * @throws UsageError for the address; SystemError `queue` when it cannot be opened.
 *
 * @example
 * declare const listeners: QueueListeners;
 * const queue = await openDriverQueue('redis://localhost:6379', 'films', listeners);
 * await queue.add([{ item: 'heat', graph: 'f0a1...' }]);
 */
export async function openDriverQueue(uri: string, name: string, listeners: QueueListeners): Promise<DriverQueue> {
  const { Queue, QueueEvents, connection, cut } = await bullmqFor(queueAddress(uri));
  const queue = await connected(() => {
    const opened = new Queue(name, {
      connection,
      streams: { events: { maxLen: KEPT_EVENTS } },
      // A finished job that was kept would occupy its name, and could not be added again.
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    });
    opened.on('error', listeners.onError);
    return opened;
  });
  const events = await connected(() => {
    const opened = new QueueEvents(name, { connection, autorun: false });
    opened.on('error', listeners.onError);
    return opened;
  });
  events.on('completed', ({ returnvalue }) => listeners.onReport(returnvalue));
  events.on('failed', ({ failedReason }) => listeners.onRefusal(String(failedReason)));
  let isClosed = false;
  const listen = async () => {
    while (!isClosed) {
      try {
        await events.run();
      } catch (error) {
        // An event that is not JSON is not a worker's. BullMQ stops at it, and what is reported
        // until it listens again is missing in the progress; what is done is in the dataset.
        if (!(error instanceof SyntaxError) && !isClosed) listeners.onError(error as Error);
        await sleep(PAUSE);
      }
    }
  };
  listen();
  return {
    add: async (jobs) => {
      // A driver that was killed while removing everything may have left the queue paused.
      if (await queue.isPaused()) await queue.resume();
      await queue.addBulk(jobs.map((job) => ({ name: 'item', data: job, opts: { jobId: jobId(job) } })));
    },
    depth: async () => {
      const { wait = 0, delayed = 0, active = 0 } = await queue.getJobCounts('wait', 'delayed', 'active');
      return { waiting: wait, delayed, active };
    },
    workers: () => queue.getWorkersCount(),
    empty: async () => {
      await queue.drain(true);
    },
    drop: async () => {
      try {
        await queue.obliterate({ force: true });
      } catch (error) {
        // Another driver has emptied it in the meantime, and is filling it again.
        if (!(error as Error).message.includes('non-paused')) throw error;
      }
      await queue.resume();
    },
    close: () => {
      isClosed = true;
      return farewell(Promise.all([events.close(), queue.close()]), FAREWELL, cut);
    },
  };
}
