import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkInteger, checkPositive, checkString } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { factOf } from '../core/words-of.ts';
import { datasetFilePath } from '../io/dataset/dataset-file.ts';
import { Items } from '../io/dataset/items.ts';
import { isHiddenAddress } from '../io/far/far-address.ts';
import type { InputCopies } from '../io/far/input-copies.ts';
import { MemorySampler } from '../io/media/process-memory.ts';
import { Video } from '../io/media/video.ts';
import { queueAddress } from '../io/queue/queue-address.ts';
import { openWorkerQueue } from '../io/queue/worker-queue.ts';
import { chooseDevice } from '../models/onnx/device.ts';
import type { VideoGraph } from './dataflow/dataflow.ts';
import { listener } from './listener.ts';
import { placeNetworks } from './placement.ts';
import { networksOf, type Plan, planRun } from './plan.ts';
import { type FeedMaking, runGraph } from './run-graph.ts';
import { type RunOptions, type WatchOptions, watchOptions } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';
import { Claims } from './runners/claims.ts';
import { JobFeed } from './runners/queue/job-feed.ts';
import { queueOfWorker } from './runners/queue/queue-file.ts';
import { checkSharedDirectory } from './runners/queue/queue-options.ts';
import { graphFrom } from './spec/graph-from.ts';
import { readSpec } from './spec/graph-spec.ts';
import { type ScratchOptions, withInputCopies } from './with-input-copies.ts';

/** Which jobs a worker takes, and how it runs them. */
export interface WorkerOptions
  extends WatchOptions,
    ScratchOptions,
    Pick<RunOptions, 'memory' | 'concurrency' | 'batch' | 'workers' | 'threads' | 'device' | 'cache'> {
  /** The server that the queue is on: `redis://`, `rediss://` or `postgres://`. */
  readonly queue: string;
  /** The directory of the dataset, which the driver and the workers share. */
  readonly out: string;
  /** Id of the only graph that may be computed. Default: the dataset's. */
  readonly graph?: string | undefined;
  /** Weight files, and directories of them, searched before the weights store. */
  readonly weights?: string | readonly string[] | undefined;
  /**
   * The modules that may be loaded, as paths below the working directory. Default: none, so that no
   * code runs just because a queue or a dataset names it.
   */
  readonly modules?: readonly string[] | undefined;
  /** Ends after this many seconds without a job. Default: it waits for more. */
  readonly idle?: number | undefined;
  /**
   * Seconds without a sign of life after which this worker's jobs go to another.
   * Default 60.
   */
  readonly lock?: number | undefined;
}

const known: KnownOptions<WorkerOptions> = {
  ...watchOptions,
  queue: true,
  out: true,
  graph: true,
  weights: true,
  modules: true,
  idle: true,
  lock: true,
  memory: true,
  concurrency: true,
  batch: true,
  workers: true,
  threads: true,
  device: true,
  cache: true,
  scratch: true,
};

/** Default of `lock`, in seconds. */
const LOCK = 60;
/** Size of the sample of items that a worker plans from. */
const SAMPLE = 2048;
/** Milliseconds between two checks for a dataset that does not exist yet. */
const LOOK_EVERY = 500;

/**
 * Computes the items of a dataset that a queue names, until it is stopped: a worker for `extract`
 * and `writeDataset` with `runner: 'bullmq'`. It waits until a driver has created the dataset,
 * makes the graph from the dataset's own spec, and trusts nothing in a job except which item it
 * names.
 *
 * Buffering: at most the memory limit. Cancellation: `drain` finishes what is running and returns
 * the rest to the queue, `signal` stops at once; both resolve normally.
 *
 * @returns what this worker did; undefined if it was stopped before there was anything to do.
 * @throws UsageError `graph` and `spec` as in `graphFrom`, `module` for a module that is not
 * allowed, `versions` if the decoder or runtime differs from the driver's; SystemError `queue`, and
 * any failure that every item would meet.
 *
 * @example
 * const drain = new AbortController();
 * process.once('SIGTERM', () => drain.abort());
 * await runWorker({ queue: 'redis://localhost:6379', out: '/data/features', memory: '2GiB', drain: drain.signal });
 */
export async function runWorker(options: WorkerOptions): Promise<RunSummary | undefined> {
  checkWorker('runWorker', options);
  const say = listener('onMessage', options.onMessage);
  return withInputCopies(options, say, (copies) => work({ ...options, lock: options.lock ?? LOCK }, copies, say));
}

/** What a worker would compute, and with how much memory. */
export interface PlannedWork extends Plan {
  readonly out: string;
  /** Remarks on devices. */
  readonly notes: readonly string[];
}

/**
 * Plans what a worker with the same options would compute, and makes every check that it makes
 * before it takes a job: graph, modules, weights, versions, memory. Takes no job from the queue.
 *
 * @returns undefined until a driver has created the dataset; a worker would wait for it.
 * @throws as `runWorker`.
 * @example
 * const planned = await plannedWork({ queue: 'redis://localhost:6379', out: '/data/features', memory: '2GiB' });
 */
export async function plannedWork(options: WorkerOptions): Promise<PlannedWork | undefined> {
  checkWorker('plannedWork', options);
  const say = listener('onMessage', options.onMessage);
  return withInputCopies(options, say, async (copies) => {
    const { out, signal } = options;
    const found = await lookForWork(out, copies);
    if (found === undefined) return undefined;
    const { graph } = await graphOfWorker(options);
    const device = await chooseDevice(options.device ?? 'auto');
    const placement = await placeNetworks(networksOf(graph), device, options);
    const plan = await planRun(graph, found.sample, { ...options, signal }, placement);
    return { ...plan, out, notes: [device.says, ...placement.says].filter((note) => note !== undefined) };
  });
}

function checkWorker(name: string, options: WorkerOptions): void {
  checkKnownOptions(name, options, known);
  const { queue: uri, out, idle, lock = LOCK } = options;
  checkSharedDirectory(checkString('out', out), 'out');
  queueAddress(uri);
  if (idle !== undefined) checkPositive('idle', idle);
  checkInteger('lock', Math.ceil(checkPositive('lock', lock)), 1, 3600);
}

async function work(
  options: WorkerOptions & { readonly lock: number },
  copies: InputCopies,
  say: (sentence: string) => void,
): Promise<RunSummary | undefined> {
  const { queue: uri, out, graph: _graph, weights: _weights, modules: _modules, scratch: _, ...running } = options;
  const { idle, lock, ...execution } = running;
  const found = await untilDriven(options, copies, say);
  if (found === undefined) return undefined;
  const { name, sample } = found;
  const { id, graph } = await graphOfWorker(options);
  const random = networksOf(graph).filter((network) => network.random);
  if (random.length > 0 && options.onMessage === undefined) {
    process.emitWarning(`${random.map((each) => each.name).join(' and ')}: random weights`, 'ReelflowWarning');
  }
  const feed = async ({ directory, items, concurrency, busy, say: tell }: FeedMaking): Promise<JobFeed> => {
    const queue = await openWorkerQueue(uri, name, {
      ...{ concurrency, lock: lock * 1000 },
      onError: onceUntilQuiet((error) => say(`the queue: ${factOf(error)}`)),
    });
    return new JobFeed({
      ...{ graphId: id, queue, claims: new Claims(directory), items, copies, busy, say: tell },
      again: (lock * 1000) / 4,
      idle: idle === undefined ? undefined : idle * 1000,
      drain: anyOf(options),
    });
  };
  const sampler = new MemorySampler();
  sampler.start();
  try {
    const device = await chooseDevice(options.device ?? 'auto');
    if (device.says !== undefined) say(device.says);
    return await runGraph(graph, sample, { ...execution, compact: false }, { out, device, sampler, feed });
  } finally {
    sampler.stop();
  }
}

/** The graph of the dataset, and its id. @throws UsageError `graph` if another one is requested. */
async function graphOfWorker({
  out,
  graph: wanted,
  weights,
  modules,
}: WorkerOptions): Promise<{ readonly id: string; readonly graph: VideoGraph }> {
  const spec = await readSpec(out);
  if (wanted !== undefined && spec.id !== wanted) {
    throw new UsageError(`the dataset ${out} is of graph ${spec.id}, but this worker was told to compute ${wanted}`, {
      code: 'graph',
      option: 'graph',
      remedy: 'Name the dataset of that graph, or leave `graph` out.',
    });
  }
  return { id: spec.id, graph: await graphFrom(spec, { weights, modules }) };
}

/** What a driver has prepared for workers. */
interface Work {
  /** Name of the queue. */
  readonly name: string;
  readonly sample: readonly Video[];
}

/**
 * The dataset's queue and a sample of its items, as soon as a driver has created them; undefined if
 * stopped before.
 */
async function untilDriven(
  options: WorkerOptions,
  copies: InputCopies,
  say: (sentence: string) => void,
): Promise<Work | undefined> {
  const { out } = options;
  const stop = anyOf(options);
  for (let looks = 0; !stop.aborted; looks += 1) {
    const found = await lookForWork(out, copies);
    if (found !== undefined) return found;
    if (looks === 0) say(`waiting for a driver to make the dataset ${out}`);
    await sleep(LOOK_EVERY, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}

async function lookForWork(out: string, copies: InputCopies): Promise<Work | undefined> {
  const name = existsSync(datasetFilePath(out)) ? await queueOfWorker(out) : undefined;
  const sample = name === undefined ? [] : await sampleOf(out, copies);
  return name !== undefined && sample.length > 0 ? { name, sample } : undefined;
}

async function sampleOf(directory: string, copies: InputCopies): Promise<Video[]> {
  const items = await Items.open(directory);
  try {
    const ids = [...items.ids()];
    const step = Math.max(1, ids.length / SAMPLE);
    const chosen = Array.from({ length: Math.min(ids.length, SAMPLE) }, (_, at) => ids[Math.floor(at * step)] ?? '');
    return chosen.flatMap((id) => {
      const { path, state } = items.get(id) ?? {};
      const isUsed = path !== undefined && state !== 'gone' && !isHiddenAddress(path);
      return isUsed ? [new Video(path, { id, copies })] : [];
    });
  } finally {
    items.close();
  }
}

function anyOf({ drain, signal }: Pick<WorkerOptions, 'drain' | 'signal'>): AbortSignal {
  return AbortSignal.any([drain, signal].filter((each) => each !== undefined));
}

/**
 * Reports only the first of many errors: a server that is down fails every command until it is
 * back.
 */
function onceUntilQuiet(tell: (error: Error) => void): (error: Error) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isFirst = performance.now() - last > 10_000;
    last = performance.now();
    if (isFirst) tell(error);
  };
}
