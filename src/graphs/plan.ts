import { checkInteger } from '../core/check.ts';
import { FlowError, ReelflowError, UsageError } from '../core/errors.ts';
import { availableCores, availableMemory } from '../io/media/container-limits.ts';
import { decoderMemory } from '../io/media/memory.ts';
import type { Video } from '../io/media/video.ts';
import type { NetworkPlan } from '../models/networks/network.ts';
import type { WeightsFile } from '../models/networks/weights-origin.ts';
import { parseBytes } from '../operators/budget.ts';
import type { Bytes } from '../operators/payload.ts';
import type { ExtractionGraph } from './extraction.ts';
import { type GraphNode, graphId, type Json } from './graph.ts';
import { sizeOf } from './inputs.ts';
import { type MemoryPlan, type NetworkNeed, planMemory, type WorkerPlan } from './memory-plan.ts';
import { driverMemory, type NetworkPlacement, type Placement, placeNetworks } from './placement.ts';

/** How a graph is executed; nothing here changes values. */
export interface ExecutionOptions {
  /** Bound on the memory of the process and its children together. Default: 4 GiB, or half of the machine's or the container's. */
  readonly memory?: Bytes | string | undefined;
  /** Videos at a time. Default: chosen from cores and memory. */
  readonly concurrency?: number | undefined;
  /** Frames per batch. Default: chosen. */
  readonly batch?: number | undefined;
  /** Inference workers of the visual network. Default: chosen. */
  readonly workers?: number | undefined;
  /** Threads inside one session. Default: chosen. */
  readonly threads?: number | undefined;
  /** Where networks are computed: `auto` (default), `cpu`, `webgpu`, `cuda`, or cards such as `cuda:0,cuda:1`; see `chooseDevice`. */
  readonly device?: string | undefined;
}

/** What the probed items tell of the whole corpus. */
export interface Estimate {
  readonly items: number;
  /** Items probed for this estimate: at most 32, evenly spaced. */
  readonly probed: number;
  /** Probed items that cannot be read as media. */
  readonly unreadable: number;
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
  readonly nodes: readonly GraphNode[];
  readonly memory: MemoryPlan;
  readonly visual: WorkerPlan | undefined;
  readonly audio: WorkerPlan | undefined;
  readonly placement: Placement;
  readonly estimate: Estimate;
  readonly models: readonly PlannedModel[];
}

/** Which weights a plan's network has. */
export interface PlannedModel {
  readonly stream: 'visual' | 'audio';
  readonly name: string;
  /** Name and length of its output. */
  readonly output: { readonly name: string; readonly dimension: number };
  /** Of all weights together. */
  readonly weightsHash: string;
  readonly random: boolean;
  /** `random:SEED`, or the path of the file. */
  readonly weightsOrigin: string;
  /** The files, each with its own hash. */
  readonly files: readonly WeightsFile[];
}

function plannedModel(stream: 'visual' | 'audio', plan: NetworkPlan | undefined): readonly PlannedModel[] {
  if (plan === undefined) return [];
  const { name, card, weightsHash, random, weightsOrigin, weightsFiles: files } = plan;
  return [{ stream, name, output: card.output, weightsHash, random, weightsOrigin, files }];
}

const GiB = 1024 ** 3;
const PROBED_AT_MOST = 32;
/** Probes at a time: each is a process. */
const PROBES_AT_A_TIME = 4;
/** Files whose size is asked for; of more, so many evenly spaced ones stand for all. */
const SIZES_AT_MOST = 2048;
const SIZES_AT_A_TIME = 32;

/** The limit used when none is given: 4 GiB, or half of what the machine or the container has. */
export function defaultMemory(): Bytes {
  return Math.min(4 * GiB, Math.floor(availableMemory() / 2));
}

/**
 * Plans an extraction over a corpus: probes a sample of it, divides the memory limit, chooses workers, threads, batches and
 * concurrency, and refuses what cannot hold. Nothing is decoded and no session is created.
 *
 * Cancellation: `signal` ends the probes that run.
 *
 * @throws UsageError `memory-too-small` naming the least limit that would do; FlowError `aborted`.
 *
 * @example
 * const plan = await planExtraction(graph, { visual, audio }, corpus, { memory: '1GiB' });
 */
export async function planExtraction(
  graph: ExtractionGraph,
  networks: {
    readonly visual?: NetworkPlan | undefined;
    readonly audio?: NetworkPlan | undefined;
    readonly remains?: Bytes;
  },
  corpus: readonly Video[],
  options: ExecutionOptions & { readonly signal?: AbortSignal | undefined } = {},
  placement?: Placement,
): Promise<Plan> {
  for (const name of ['concurrency', 'batch', 'workers', 'threads'] as const) {
    if (options[name] !== undefined) checkInteger(name, options[name], 1, 1024);
  }
  const limit = options.memory === undefined ? defaultMemory() : parseBytes(options.memory);
  const { estimate, pixels } = await estimateCorpus(graph, corpus, options.signal ?? new AbortController().signal);
  const { visual, audio } = networks;
  const placed = placement ?? (await placeNetworks(networks, { device: 'cpu', numbers: [0] }, {}));
  const fixed = { workers: options.workers, threads: options.threads, batch: options.batch };
  for (const plan of [visual, audio]) await plan?.measure();
  const needs: NetworkNeed[] = [];
  if (visual !== undefined) needs.push(needOf(visual, given(fixed), false, placed.visual));
  const beside = visual !== undefined && placed.visual?.device === 'cpu';
  if (audio !== undefined) needs.push(needOf(audio, visual === undefined ? given(fixed) : {}, beside, placed.audio));
  const memory = planMemory(limit, {
    networks: needs,
    decoders: decoderMemory({ pixels: visual === undefined ? 0 : pixels, audio: audio !== undefined }),
    claim: estimate.largestClaim,
    concurrency: options.concurrency,
    cores: availableCores(),
    items: corpus.length,
    remains: networks.remains,
    driver: driverMemory([placed.visual, placed.audio]),
  });
  return {
    graph: { id: graphId(graph), name: graph.name, version: graph.version, params: graph.params },
    nodes: graph.nodes,
    memory,
    visual: visual === undefined ? undefined : memory.networks[0],
    audio: audio === undefined ? undefined : memory.networks[visual === undefined ? 0 : 1],
    placement: placed,
    estimate,
    models: [...plannedModel('visual', visual), ...plannedModel('audio', audio)],
  };
}

function given(plan: { [Key in keyof WorkerPlan]: number | undefined }): Partial<WorkerPlan> {
  return Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== undefined));
}

function needOf(
  plan: NetworkPlan,
  fixed: Partial<WorkerPlan>,
  single: boolean,
  placement: NetworkPlacement | undefined,
): NetworkNeed {
  if (placement !== undefined && placement.device !== 'cpu') {
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
    fixed,
    single,
    cost: (workers: WorkerPlan) => plan.memory(workers),
  };
}

/** Probes evenly spaced items and scales by their share of the corpus's bytes. Unreadable items are counted, not raised. */
async function estimateCorpus(
  graph: ExtractionGraph,
  corpus: readonly Video[],
  signal: AbortSignal,
): Promise<{ estimate: Estimate; pixels: number }> {
  if (corpus.length === 0) throw new UsageError('the corpus is empty', { code: 'no-inputs' });
  const sample = evenlySpaced(corpus, PROBED_AT_MOST);
  let [seconds, frames, bytes, largestClaim, pixels, unreadable] = [0, 0, 0, 0, 0, 0];
  await forEachAtATime(sample, PROBES_AT_A_TIME, async (video) => {
    if (signal.aborted) throw new FlowError('aborted', 'the planning was stopped', { cause: signal.reason });
    try {
      const unit = await graph.prepare(video, signal);
      const picture = video.info.video;
      bytes += await sizeOf(video.path);
      if (unit.skip !== undefined) return;
      seconds += unit.seconds;
      frames += unit.frames;
      largestClaim = Math.max(largestClaim, unit.claim);
      pixels = Math.max(pixels, (picture?.width ?? 0) * (picture?.height ?? 0));
    } catch (error) {
      if (!(error instanceof ReelflowError) || signal.aborted) throw error;
      unreadable += 1;
    }
  });
  const weighed = evenlySpaced(corpus, SIZES_AT_MOST);
  let total = 0;
  await forEachAtATime(weighed, SIZES_AT_A_TIME, async (video) => {
    total += await sizeOf(video.path);
  });
  const scale = bytes === 0 ? 1 : (total * corpus.length) / weighed.length / bytes;
  const rowBytes = graph.nodes.find((node) => node.dtype === 'row');
  const estimate = {
    items: corpus.length,
    probed: sample.length,
    unreadable,
    videoHours: (seconds * scale) / 3600,
    frames: Math.round(frames * scale),
    datasetBytes: corpus.length * (rowBytes?.bytes ?? 0) * Number(rowBytes?.shape[0] ?? 1),
    largestClaim,
  };
  return { estimate, pixels };
}

/** At most so many of the corpus, evenly spaced. */
function evenlySpaced(corpus: readonly Video[], most: number): readonly Video[] {
  const step = Math.max(1, corpus.length / most);
  const count = Math.min(corpus.length, most);
  return Array.from({ length: count }, (_, index) => corpus[Math.floor(index * step)] as Video);
}

/** Runs a task for every video, so many at a time; the first failure ends it when those that run have ended. */
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
