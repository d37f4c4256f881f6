/**
 * A driver, a worker or a shard of a campaign, as a process that can be killed: all of the real
 * ones but networks and decoders. Started with its setting as JSON; says `ready` when it works.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isObjectAddress } from '../../src/core/object-address.ts';
import { RunItems } from '../../src/graphs/run-items.ts';
import { itemReportOf } from '../../src/graphs/run-reports.ts';
import { Claims } from '../../src/graphs/runners/claims.ts';
import { runLocally } from '../../src/graphs/runners/local.ts';
import { driveQueue } from '../../src/graphs/runners/queue/drive.ts';
import { Fleet } from '../../src/graphs/runners/queue/fleet.ts';
import { JobFeed } from '../../src/graphs/runners/queue/job-feed.ts';
import { queueOfWorker } from '../../src/graphs/runners/queue/queue-file.ts';
import { itemsOfShard, type Shard } from '../../src/graphs/runners/shard.ts';
import { ShardRun } from '../../src/graphs/runners/shard-run.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { outcomes } from '../../src/io/dataset/outcomes.ts';
import { Video } from '../../src/io/media/video.ts';
import { atDataset } from '../../src/io/objects/at-dataset.ts';
import { openWorkerQueue } from '../../src/io/queue/worker-queue.ts';
import { Flow } from '../../src/operators/flow.ts';
import { shiftClock } from './shifted-clock.ts';
import { description, syntheticGraph } from './synthetic-graph.ts';

/** What sets such a process's clock wrong, by milliseconds. */
export interface ClockShift {
  readonly clock: number;
}

/** What such a process is given. */
export interface ProcessSetting {
  readonly role: 'driver' | 'worker' | 'shard';
  /** Of the queue's server; none of shards. */
  readonly uri: string;
  /** Of a shard, its number, of how many. */
  readonly shard?: Shard;
  /** Where the inputs are, and the dataset. */
  readonly inputs: string;
  readonly out: string;
  /** Milliseconds that an item takes, and that a lock lasts. */
  readonly milliseconds: number;
  readonly lock: number;
}

const setting = JSON.parse(process.argv[2] ?? '') as ProcessSetting;
const { inputs, out, uri, lock, shard = { index: 0, count: 1 } } = setting;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('message', ({ clock }: ClockShift) => shiftClock(clock));
// Whoever started it has ended.
process.on('disconnect', () => process.exit(1));

function listInputs(): Video[] {
  return readdirSync(inputs)
    .sort()
    .map((name) => new Video(join(inputs, name), { source: inputs }));
}

async function drive(): Promise<void> {
  const dataset = await Dataset.open(out, description);
  await dataset.outdate();
  const corpus = listInputs();
  const noted = new RunItems(await dataset.store.items(), corpus, { places: [inputs], filesOf: new Set() });
  await noted.begin();
  process.send?.('ready');
  await driveQueue({
    ...{ uri, graphId: description.graphId, corpus, store: dataset.store, stop: stop.signal },
    fingerprint: (path, signal) => dataset.fingerprint(path, signal),
    retry: () => false,
    standstill: 2 * lock,
    fleet: new Fleet(() => undefined),
    say: (sentence) => console.log(sentence),
    onEvent: () => undefined,
  });
  await noted.end();
  await dataset.close();
}

/** In an object store there are no claims, so that nothing is taken over. */
const computeShard = () => atDataset(out, computeShardAt, { create: true });

async function computeShardAt(directory: string): Promise<void> {
  const dataset = await Dataset.open(directory, description);
  await dataset.outdate();
  const corpus = listInputs();
  const part = itemsOfShard(corpus, shard);
  const noted = new RunItems(await dataset.store.items(), corpus, { places: [inputs], filesOf: new Set() }, part);
  await noted.begin();
  const run = new ShardRun<Video>({
    ...{ shard, corpus, part, claims: isObjectAddress(out) ? undefined : new Claims(out) },
    outcomes: () => outcomes(dataset.store),
    say: (sentence) => console.log(sentence),
  });
  process.send?.('ready');
  try {
    await runLocally<Video, null>({
      ...computing(dataset),
      items: run.items(),
      verdict: (video) => run.verdictOf(video),
      onEvent: (event) => {
        noted.take(event);
        if (itemReportOf(event) !== undefined || event.type === 'abandoned') run.finished(event.item.id);
      },
    });
  } finally {
    await run.close();
  }
  await noted.end();
  await dataset.close();
}

/** How items are computed, wherever they come from. */
function computing(dataset: Dataset) {
  return {
    ...{ graph: syntheticGraph(setting.milliseconds), store: dataset.store, flow: new Flow(1 << 20) },
    ...{ services: async () => null, concurrency: 2, drain: stop.signal },
    fingerprint: (video: Video, signal: AbortSignal) => dataset.fingerprint(video.path, signal),
    operators: { before: [], commit: 'commit' },
  };
}

async function work(): Promise<void> {
  let name = await queueOfWorker(out).catch(() => undefined);
  while (name === undefined && !stop.signal.aborted) {
    await sleep(20);
    name = await queueOfWorker(out).catch(() => undefined);
  }
  if (name === undefined) return;
  const dataset = await Dataset.open(out, description);
  const items = await dataset.store.items();
  const noted = new RunItems(items, []);
  const claims = new Claims(out);
  const queue = await openWorkerQueue(uri, name, { concurrency: 2, lock, onError: () => undefined });
  const feed = new JobFeed({
    ...{ graphId: description.graphId, queue, claims, items, again: lock / 4, drain: stop.signal },
    busy: () => ({}),
    say: (sentence) => console.log(sentence),
  });
  process.send?.('ready');
  try {
    await runLocally<Video, null>({
      ...computing(dataset),
      items: feed.items(),
      itemSignal: (video) => feed.signalOf(video),
      verdict: (video) => feed.verdictOf(video),
      onEvent: (event) => {
        noted.take(event);
        const report = itemReportOf(event);
        if (report !== undefined || event.type === 'abandoned') feed.finished(event.item, report);
      },
    });
  } finally {
    await feed.close();
  }
  await dataset.leave({ isDriven: true });
}

try {
  await { driver: drive, worker: work, shard: computeShard }[setting.role]();
} catch (error) {
  console.log(error);
  process.exitCode = 1;
}
process.exit();
