import { checkInteger } from '../core/check.ts';
import { FlowError, ReelflowError, UsageError } from '../core/errors.ts';
import { given } from '../core/given.ts';
import { availableCores, availableMemory } from '../io/media/container-limits.ts';
import { PROBES_AT_A_TIME } from '../io/media/decoder-child.ts';
import type { Video } from '../io/media/video.ts';
import type { UnopenedNetwork } from '../models/networks/network.ts';
import type { WeightsFile } from '../models/networks/weights-origin.ts';
import { parseBytes } from '../operators/budget.ts';
import type { Bytes } from '../operators/payload.ts';
import { minDecoders } from './dataflow/bounds.ts';
import type { VideoGraph } from './dataflow/dataflow.ts';
import { COMMIT, rowsOfCorpus } from './dataflow/nodes.ts';
import type { Trace, TracedNetwork } from './dataflow/trace.ts';
import { type DataflowNode, graphId, type Json } from './graph.ts';
import { MemoryGuard } from './memory-guard.ts';
import { type MemoryPlan, type NetworkNeed, PROCESS_BYTES, planMemory, type WorkerPlan } from './memory-plan.ts';
import {
  type DevicePlacement,
  type DeviceUse,
  driverMemory,
  type NetworkPlacement,
  placeNetworks,
} from './placement.ts';
import { sessionThreads } from './session-threads.ts';

/** How a graph is executed; nothing here changes values. */
export interface ExecutionOptions {
  /**
   * Bound on the memory of the process and its children together: in the form that `parseBytes`
   * reads, or a percentage of the memory of the machine or container, such as `50%`. Default: half
   * of that memory, at most 4 GiB.
   */
  readonly memory?: Bytes | string | undefined;
  /** Videos at a time. Default: chosen from cores and memory. */
  readonly concurrency?: number | undefined;
  /** Frames per batch. Default: chosen. */
  readonly batch?: number | undefined;
  /** Inference workers of the visual network. Default: chosen. */
  readonly workers?: number | undefined;
  /** Threads inside one session. Default: chosen. */
  readonly threads?: number | undefined;
  /**
   * Where networks run: `auto` (default), `cpu`, `webgpu`, `cuda`, or cards such as
   * `cuda:0,cuda:1`; see `chooseDevice`.
   */
  readonly device?: string | undefined;
}

/** What the probed items tell about the whole corpus. */
export interface Estimate {
  readonly items: number;
  /** Items probed for this estimate: at most 32, evenly spaced, or 8 where some are remote. */
  readonly probed: number;
  /** Probed items that cannot be read as media. */
  readonly unreadable: number;
  /** Those items, each with the reason. */
  readonly unreadableItems: readonly { readonly item: string; readonly path: string; readonly code: string }[];
  readonly videoHours: number;
  readonly frames: number;
  /** Bytes of the finished dataset, uncompressed. */
  readonly datasetBytes: Bytes;
  /** The most any probed video may hold at once. */
  readonly largestClaim: Bytes;
}

/** What will be executed, decided before anything is decoded. */
export interface Plan {
  readonly graph: { readonly id: string; readonly name: string; readonly version: number; readonly params: Json };
  readonly nodes: readonly DataflowNode[];
  readonly memory: MemoryPlan;
  readonly networks: readonly PlannedNetwork[];
  /** The devices that they run on; empty if that is only the CPU. */
  readonly devices: readonly DeviceUse[];
  readonly estimate: Estimate;
}

/** A network as it will be run. */
export interface PlannedNetwork {
  /**
   * The column that it feeds, or the names of several; if functions lie in between, the network's
   * own name.
   */
  readonly stream: string;
  readonly name: string;
  /** Name and length of its output. */
  readonly output: { readonly name: string; readonly dimension: number };
  /** Hash of all weights together. */
  readonly weightsHash: string;
  readonly random: boolean;
  /** `random:SEED`, or the path of the file. */
  readonly weightsOrigin: string;
  /** The files, each with its own hash. */
  readonly files: readonly WeightsFile[];
  readonly workers: WorkerPlan;
  readonly placement: NetworkPlacement;
}

function plannedNetwork(
  { network, ...traced }: TracedNetwork,
  trace: Trace,
  workers: WorkerPlan,
  placement: NetworkPlacement,
): PlannedNetwork {
  const { name, card, weightsHash, random, weightsOrigin, weightsFiles: files } = network;
  const feeds = trace.columns.filter((column) => column.network?.name === traced.name);
  const stream = feeds.length === 0 ? name : feeds.map((column) => column.name).join(' and ');
  return { stream, name, output: card.output, weightsHash, random, weightsOrigin, files, workers, placement };
}

const GiB = 1024 ** 3;
const MAX_PROBED = 32;
/** For a remote corpus, where each probed item is fetched. */
const FAR_PROBED = 8;
/** What a probe takes at most, except for unusual files: 97 MiB for 7680 x 4320 pictures. */
const PROBE_BYTES = 128 * 1024 ** 2;
/**
 * At most this many files are asked for their size; of a larger corpus, evenly spaced ones stand
 * for all.
 */
const MAX_SIZES = 2048;
const SIZES_AT_A_TIME = 32;

/** The limit used when none is given: 4 GiB, or half of what the machine or the container has. */
export function defaultMemory(): Bytes {
  return Math.min(4 * GiB, Math.floor(availableMemory() / 2));
}

/** Bound on the memory of the process and its children: the one given, else `defaultMemory`. */
export function memoryLimit({ memory }: Pick<ExecutionOptions, 'memory'>): Bytes {
  return memory === undefined ? defaultMemory() : parseBytes(memory, availableMemory(), 'memory');
}

/**
 * Plans the run of a graph over a corpus: probes a sample of it, divides the memory limit, chooses
 * workers, threads, batches and concurrency, and refuses a limit that is too small. Nothing is
 * decoded and no session is created.
 *
 * Cancellation: `signal` ends running probes.
 *
 * @param options.remains what a calibration before the run leaves behind: memory that is free, but
 * not yet returned.
 * @throws UsageError `memory-too-small` naming the least limit that would do; FlowError `aborted`.
 *
 * @example
 * const plan = await planRun(graph, corpus, { memory: '1GiB' });
 */
export async function planRun(
  graph: VideoGraph,
  corpus: readonly Video[],
  options: ExecutionOptions & { readonly signal?: AbortSignal | undefined; readonly remains?: Bytes | undefined } = {},
  placement?: DevicePlacement,
): Promise<Plan> {
  for (const name of ['concurrency', 'batch', 'workers', 'threads'] as const) {
    if (options[name] !== undefined) checkInteger(name, options[name], 1, 1024);
  }
  const limit = memoryLimit(options);
  const { estimate, decoders } = await estimateCorpus(graph, corpus, {
    signal: options.signal ?? new AbortController().signal,
    probes: Math.max(1, Math.min(PROBES_AT_A_TIME, Math.floor((limit - PROCESS_BYTES) / PROBE_BYTES))),
  });
  const { trace } = graph;
  const networks = networksOf(graph);
  const placed = placement ?? (await placeNetworks(networks, { device: 'cpu', numbers: [0] }, {}));
  const fixed = { workers: options.workers, threads: options.threads, batch: options.batch };
  for (const network of networks) await network.measure(new MemoryGuard(limit));
  const picturesOnCpu = networks.some(
    ({ card }, index) => card.modality === 'visual' && placed.networks[index]?.device === 'cpu',
  );
  const needs = networks.map((network, index) => {
    const single = picturesOnCpu && network.card.modality === 'audio';
    return needOf(network, index === 0 ? given(fixed) : {}, single, placed.networks[index] as NetworkPlacement);
  });
  const memory = planMemory(limit, {
    networks: needs,
    decoders,
    claim: estimate.largestClaim,
    concurrency: options.concurrency,
    cores: availableCores(),
    items: corpus.length,
    perItem: estimate.frames === 0 ? undefined : estimate.frames / corpus.length,
    remains: options.remains,
    driver: driverMemory(placed.networks),
  });
  return {
    graph: { id: graphId(graph), name: graph.name, version: graph.version, params: graph.params },
    nodes: graph.nodes,
    memory,
    networks: trace.networks.map((network, index) =>
      plannedNetwork(network, trace, memory.networks[index] as WorkerPlan, placed.networks[index] as NetworkPlacement),
    ),
    devices: placed.devices,
    estimate,
  };
}

/** The networks that a graph uses, starting with the one that determines the speed. */
export function networksOf({ trace }: VideoGraph): readonly UnopenedNetwork[] {
  return trace.networks.map(({ network }) => network);
}

function needOf(
  plan: UnopenedNetwork,
  fixed: Partial<WorkerPlan>,
  single: boolean,
  placement: NetworkPlacement,
): NetworkNeed {
  if (placement.device !== 'cpu') {
    const { numbers, sessionsPerPlace, batch = plan.defaultBatch } = placement;
    const sessions = { workers: numbers.length * sessionsPerPlace, threads: 1, batch, ...fixed };
    const cost = (workers: WorkerPlan) => plan.hostMemory(workers);
    return {
      name: plan.name,
      elementBytes: plan.inputBytes,
      preferredBatch: batch,
      fixed: sessions,
      single: false,
      cost,
    };
  }
  return {
    name: plan.name,
    elementBytes: plan.inputBytes,
    preferredBatch: plan.defaultBatch,
    preferredThreads: sessionThreads(plan.weightsBytes, availableCores()),
    fixed,
    single,
    cost: (workers: WorkerPlan) => plan.memory(workers),
  };
}

/**
 * Probes evenly spaced items and scales by their share of the corpus's bytes. Unreadable items are
 * counted, not raised.
 */
async function estimateCorpus(
  graph: VideoGraph,
  corpus: readonly Video[],
  { signal, probes }: { readonly signal: AbortSignal; readonly probes: number },
): Promise<{ estimate: Estimate; decoders: Bytes }> {
  const stopped = () => new FlowError('aborted', 'planning was stopped', { cause: signal.reason });
  if (signal.aborted) throw stopped();
  if (corpus.length === 0) throw new UsageError('the corpus is empty', { code: 'no-inputs' });
  const sample = evenlySpaced(corpus, corpus.some(({ isFar }) => isFar) ? FAR_PROBED : MAX_PROBED);
  let [seconds, frames, bytes, largestClaim, sized] = [0, 0, 0, 0, 0];
  const unreadableItems: { item: string; path: string; code: string }[] = [];
  let decoders = minDecoders(graph.trace);
  await forEachAtATime(sample, probes, async (video) => {
    if (signal.aborted) throw stopped();
    try {
      const unit = await graph.prepare(video, signal);
      // Read before adding: other tasks add to the sum while this one waits.
      const size = (await video.size()) ?? 0;
      bytes += size;
      sized += 1;
      if (unit.skip !== undefined) return;
      seconds += unit.seconds;
      frames += unit.frames;
      largestClaim = Math.max(largestClaim, unit.claim);
      decoders = Math.max(decoders, unit.decoders ?? 0);
    } catch (error) {
      if (!(error instanceof ReelflowError) || signal.aborted) throw error;
      unreadableItems.push({ item: video.id, path: video.path, code: error.code });
    }
  });
  const weighed = evenlySpaced(corpus, MAX_SIZES);
  let total = 0;
  await forEachAtATime(weighed, SIZES_AT_A_TIME, async (video) => {
    // Remote files that were not asked for their size count with the mean of those that were.
    const size = (await video.size()) ?? bytes / Math.max(1, sized);
    total += size;
  });
  const scale = bytes === 0 ? 1 : (total * corpus.length) / weighed.length / bytes;
  const rowBytes = graph.nodes.find(({ id }) => id === COMMIT);
  const estimate = {
    items: corpus.length,
    probed: sample.length,
    unreadable: unreadableItems.length,
    unreadableItems: unreadableItems.sort((first, second) => (first.path < second.path ? -1 : 1)),
    videoHours: (seconds * scale) / 3600,
    frames: Math.round(frames * scale),
    datasetBytes: (rowBytes?.bytes ?? 0) * rowsOfCorpus(graph.trace, corpus.length, seconds * scale),
    largestClaim,
  };
  return { estimate, decoders };
}

/** At most this many videos of the corpus, evenly spaced. */
function evenlySpaced(corpus: readonly Video[], most: number): readonly Video[] {
  const step = Math.max(1, corpus.length / most);
  const count = Math.min(corpus.length, most);
  return Array.from({ length: count }, (_, index) => corpus[Math.floor(index * step)] as Video);
}

/**
 * Runs a task for every video, a limited number at a time; after the first failure no new task
 * starts, and it is thrown once the running ones have ended.
 */
async function forEachAtATime(
  videos: readonly Video[],
  atATime: number,
  task: (video: Video) => Promise<void>,
): Promise<void> {
  const left = videos.values();
  const lane = async (): Promise<void> => {
    for (const video of left) await task(video);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: atATime }, lane));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
