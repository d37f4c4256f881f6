/**
 * The cost of a queue: the driver alone with 1,000 workers and a million items that take no time,
 * and a job over a real server.
 *
 *   node dist/bench/queue.js --items 1000000
 *   node dist/bench/queue.js --server Redis --items 10000        (or PostgreSQL; it starts one, or takes an address)
 */
import { randomBytes } from 'node:crypto';
import { Fleet } from '../src/graphs/runners/queue/fleet.ts';
import { QueueDriver } from '../src/graphs/runners/queue/queue-driver.ts';
import type { Outcome } from '../src/io/dataset/outcomes.ts';
import { type DriverQueue, openDriverQueue } from '../src/io/queue/driver-queue.ts';
import { type Job, jobOf } from '../src/io/queue/job.ts';
import { openWorkerQueue } from '../src/io/queue/worker-queue.ts';
import { QUEUE_SERVERS, type QueueServerName } from '../test/faults/queue-server.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({ items: '1000000', server: '' });
const count = Number(options.items);
const WORKERS = 1000;
const done = new Map<string, Outcome>();
const items = Array.from({ length: count }, (_, index) => `item-${index}`);
const fleet = new Fleet(() => undefined);
let most = 0;
let heap = 0;

function report(item: string): object {
  return { worker: 'w', item: { item, path: '/data', type: 'already-done', partial: false } };
}

/** Workers that take everything available at each look, and are done by the next one. */
function simulated(): DriverQueue {
  let waiting: readonly Job[] = [];
  let taken: readonly Job[] = [];
  return {
    add: async (jobs) => {
      waiting = [...waiting, ...jobs];
      most = Math.max(most, waiting.length + taken.length);
    },
    depth: async () => {
      for (const { item } of taken) {
        done.set(item, 'committed');
        fleet.take(report(item));
      }
      [taken, waiting] = [waiting.slice(0, WORKERS), waiting.slice(WORKERS)];
      if (done.size % 50_000 < WORKERS) heap = Math.max(heap, process.memoryUsage().heapUsed);
      return { waiting: waiting.length, delayed: 0, active: taken.length };
    },
    workers: async () => WORKERS,
    ...{ empty: async () => undefined, drop: async () => undefined },
    close: async () => undefined,
  };
}

/** One worker with real locks and reports that does nothing for each job. */
async function served(uri: string): Promise<DriverQueue> {
  const name = `reelflow-bench-${randomBytes(8).toString('hex')}`;
  const onError = (error: Error) => console.error(error.message);
  const queue = await openDriverQueue(uri, name, {
    onReport: (value) => fleet.take(value),
    onRefusal: (reason) => console.error(reason),
    onError,
  });
  const worker = await openWorkerQueue(uri, name, { concurrency: 16, lock: 60_000, onError });
  const work = async (): Promise<void> => {
    for (let job = await worker.next(); job !== undefined; job = await worker.next()) {
      const item = jobOf(job.data)?.item ?? '';
      done.set(item, 'committed');
      job.done(report(item));
    }
  };
  const working = work();
  return {
    ...queue,
    depth: async () => {
      const depth = await queue.depth();
      most = Math.max(most, depth.waiting + depth.active);
      return depth;
    },
    close: async () => {
      worker.stop();
      await working;
      await worker.close();
      await queue.close();
    },
  };
}

const { server = '' } = options;
const kind = QUEUE_SERVERS[server as QueueServerName] as (typeof QUEUE_SERVERS)[QueueServerName] | undefined;
const started = await kind?.start();
const queue = server === '' ? simulated() : await served(started?.uri ?? server);
const before = { cpu: process.cpuUsage(), heap: process.memoryUsage().heapUsed, wall: performance.now() };
const driver = new QueueDriver<string>({
  items,
  queue,
  jobOf: (item) => ({ item, graph: '0123456789abcdef' }),
  reopen: async () => undefined,
  outcomes: async () => (id) => done.get(id),
  isSettled: async () => true,
  isWorkedOn: async () => true,
  ...{ fleet, stop: new AbortController().signal, say: (sentence) => console.error(sentence) },
  pause: server === '' ? 0 : 20,
});
const end = await driver.run();
const { user, system } = process.cpuUsage(before.cpu);
console.log(`${end}: ${done.size} items, at most ${most} jobs in the queue`);
console.log(
  `${((user + system) / count).toFixed(1)} us of CPU per item, ${((performance.now() - before.wall) / count).toFixed(3)} ms of time`,
);
if (server === '') {
  // What the simulation keeps per item, and the list that any run has, do not belong to the driver.
  console.log(
    `heap: ${(before.heap / 2 ** 20).toFixed(0)} MiB before with the list of items, ${(heap / 2 ** 20).toFixed(0)} MiB at most with what is done`,
  );
}
await queue.close();
await started?.end();
process.exit();
