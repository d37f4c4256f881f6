import { UsageError } from '../core/errors.ts';
import { decoderThreads } from '../io/media/decoder-child.ts';
import { formatBytes } from '../operators/budget.ts';
import type { Bytes } from '../operators/payload.ts';

/** What the sessions of one network cost, for a number of workers and threads. */
export interface SessionCost {
  /** The most at any moment while its sessions are created one after another. */
  readonly creationPeak: Bytes;
  /** What stays once they are open. */
  readonly resident: Bytes;
}

/** How one network runs. */
export interface WorkerPlan {
  /** Worker threads, one session each. */
  readonly workers: number;
  /** Threads inside one session. */
  readonly threads: number;
  /** Elements per batch. */
  readonly batch: number;
}

/** One network as the planner sees it. */
export interface NetworkNeed {
  readonly name: string;
  /** Bytes of one input element. */
  readonly elementBytes: Bytes;
  /** Values the user fixed; the rest is chosen. */
  readonly fixed: Partial<WorkerPlan>;
  /** The batch used when nothing is fixed and memory allows it. */
  readonly preferredBatch: number;
  /** Threads of a session where memory allows a session for every so many cores. Default 1. */
  readonly preferredThreads?: number | undefined;
  /**
   * Whether more than one worker can pay off. VGGish runs on one patch for 24 frames: one
   * worker is enough.
   */
  readonly single: boolean;
  cost(plan: WorkerPlan): SessionCost;
}

/** What the memory limit must cover. */
export interface MemoryNeeds {
  readonly networks: readonly NetworkNeed[];
  /** Bytes of the decoder processes of one video. */
  readonly decoders: Bytes;
  /** Bytes one video may hold at once by the claims of its operators. */
  readonly claim: Bytes;
  /** Videos at a time, when the user fixed it. */
  readonly concurrency: number | undefined;
  readonly cores: number;
  /** Items of the corpus: what is known of each is kept while the graph runs. */
  readonly items?: number | undefined;
  /** Elements that one video gives the first network. Default: as many as it takes. */
  readonly perItem?: number | undefined;
  /**
   * What a calibration before the run leaves behind: memory that is free, but not yet returned.
   */
  readonly remains?: Bytes | undefined;
  /** What the driver of a device takes from this process's memory. */
  readonly driver?: Bytes | undefined;
}

/** One line of the memory plan. */
export interface MemoryPart {
  readonly name: string;
  readonly bytes: Bytes;
}

/** How a limit on the process and its children is divided. */
export interface MemoryPlan {
  /** Bound on the process and its children together. */
  readonly limit: Bytes;
  /** Bytes that elements between operators may hold: the budget of the `Flow`. */
  readonly budget: Bytes;
  /**
   * Bytes by which the `Flow` may exceed its budget (`maxOvercommit`): what the limit has room for,
   * a quarter of the budget at most.
   */
  readonly overcommit: Bytes;
  /**
   * Bytes that the decoder processes of all videos may take together; a video whose own take more
   * runs alone.
   */
  readonly decoders: Bytes;
  /**
   * Bytes that a video which runs alone may take, its decoders and what it holds between operators
   * together.
   */
  readonly alone: Bytes;
  /** The most while sessions are created, before any decoder runs. */
  readonly creationPeak: Bytes;
  /** What the limit is spent on while the graph runs. */
  readonly parts: readonly MemoryPart[];
  /** One entry per network, in the order of the needs. */
  readonly networks: readonly WorkerPlan[];
  /** Videos processed at a time. */
  readonly concurrency: number;
  /** Sessions are created while the first frames are decoded, not before. */
  readonly opensWhileDecoding: boolean;
}

const MiB = 1024 * 1024;

/** Node.js with reelflow and Arrow loaded: measured 46 MiB bare, 60 with everything imported. */
const RUNTIME_BYTES = 64 * MiB;
/**
 * What garbage and the allocator add on top while a graph runs, beyond what the sessions' estimates
 * hold.
 */
const SLACK_BYTES = 24 * MiB;
/** What this process takes before there are networks and decoders. */
export const PROCESS_BYTES = RUNTIME_BYTES + SLACK_BYTES;
/**
 * A thread of decoders: its heap, and what came from pipes and is not freed yet, 8 MiB idle and 12
 * to 14 busy; and the small process that starts programs for it, 9 to 10 MiB (measured).
 */
const DECODER_THREAD_BYTES = 24 * MiB;
/** Processes of one video that decode at a time: for its pictures and for its sound. */
const DECODERS_OF_A_VIDEO = 2;
/** Names, hashes and facts of one item. */
const ITEM_BYTES = 1024;
/** More than this between operators gains no speed. */
const AMPLE_BUDGET = 512 * MiB;

interface Candidate {
  readonly networks: readonly WorkerPlan[];
  readonly concurrency: number;
}

/**
 * Candidates from the fastest to the most frugal. A worker less costs more speed than a smaller
 * batch or one video at a time (measured on two cores: 65 frames/s with two workers, 46 with one of
 * two threads).
 */
function candidates(needs: MemoryNeeds): Candidate[] {
  const shapes = new Map<string, Candidate>();
  for (const workers of workerCounts(needs.cores)) {
    for (const share of [1, 2, 4, 8]) {
      const networks = needs.networks.map((need) => workerPlan(need, workers, share, needs.cores));
      const concurrencies =
        needs.concurrency === undefined ? [lively(needs, networks[0]), needs.cores, 1] : [needs.concurrency];
      for (const concurrency of new Set(concurrencies)) {
        const candidate = { networks, concurrency };
        shapes.set(JSON.stringify(candidate), candidate);
      }
    }
  }
  return [...shapes.values()];
}

/**
 * Videos at a time for which every worker has a batch running and one being filled, also where a
 * video is over after some frames: as many as there are cores at least, and four times as many at
 * most. Clips of one second run at 0.90 of the rate of one file so, and at 0.75 with one for each
 * core (`bench/short-clips.ts`).
 */
function lively(
  { cores, perItem = Number.POSITIVE_INFINITY, items = Number.POSITIVE_INFINITY }: MemoryNeeds,
  first?: WorkerPlan,
): number {
  if (first === undefined) return cores;
  const wanted = Math.ceil((2 * first.workers * first.batch) / Math.max(1, perItem));
  return Math.max(cores, Math.min(wanted, 4 * cores, items));
}

/** Halving from all cores to one: workers times threads stays at the number of cores. */
function workerCounts(cores: number): number[] {
  const counts = [];
  for (let workers = cores; workers >= 1; workers = Math.floor(workers / 2)) counts.push(workers);
  return counts;
}

function workerPlan(need: NetworkNeed, workers: number, share: number, cores: number): WorkerPlan {
  const most = Math.max(1, Math.floor(cores / (need.fixed.threads === undefined ? (need.preferredThreads ?? 1) : 1)));
  const chosen = need.fixed.workers ?? (need.single ? 1 : Math.min(workers, most));
  const threads = need.fixed.threads ?? (need.single ? 1 : Math.max(1, Math.floor(cores / chosen)));
  const batch = need.fixed.batch ?? Math.max(1, Math.floor(need.preferredBatch / share));
  return { workers: chosen, threads, batch };
}

/** The least that keeps every worker of a candidate with one batch running and one being filled. */
function minBudget(needs: MemoryNeeds, candidate: Candidate): Bytes {
  let bytes = needs.claim;
  for (const [index, need] of needs.networks.entries()) {
    const plan = candidate.networks[index] as WorkerPlan;
    bytes += need.elementBytes * plan.batch * (plan.workers + 1);
  }
  return Math.max(bytes, 4 * MiB);
}

interface Bill {
  readonly creationPeak: Bytes;
  readonly parts: readonly MemoryPart[];
  readonly least: Bytes;
}

function bill(needs: MemoryNeeds, candidate: Candidate): Bill {
  const threads = decoderThreads(needs.cores, DECODERS_OF_A_VIDEO * candidate.concurrency);
  const threadBytes = threads * DECODER_THREAD_BYTES;
  const parts: MemoryPart[] = [
    { name: 'runtime', bytes: PROCESS_BYTES },
    { name: `${threads} thread(s) of decoders`, bytes: threadBytes },
  ];
  const { remains = 0, driver = 0, items = 0 } = needs;
  const perItem = items * ITEM_BYTES < MiB ? 0 : items * ITEM_BYTES;
  if (perItem > 0) parts.push({ name: `${items} items`, bytes: perItem });
  if (remains > 0) parts.push({ name: 'left by the calibration', bytes: remains });
  if (driver > 0) parts.push({ name: "the device's driver", bytes: driver });
  let resident = RUNTIME_BYTES + threadBytes + perItem + remains + driver;
  let creationPeak = resident;
  for (const [index, need] of needs.networks.entries()) {
    const cost = need.cost(candidate.networks[index] as WorkerPlan);
    creationPeak = Math.max(creationPeak, resident + cost.creationPeak);
    resident += cost.resident;
    parts.push({ name: `sessions of ${need.name}`, bytes: cost.resident });
  }
  parts.push({ name: 'decoders', bytes: needs.decoders * candidate.concurrency });
  const running = parts.reduce((sum, part) => sum + part.bytes, 0);
  const least = minBudget(needs, candidate);
  // A device's sessions take seconds to create, and little memory of this process beside the
  // driver's.
  if (driver > 0) creationPeak += needs.decoders * candidate.concurrency + least;
  return { creationPeak, parts, least: Math.max(creationPeak, running + least) };
}

/**
 * Divides a limit on the memory of the process and its children: runtime, sessions at their
 * creation peak, decoders, and what remains for elements between operators. Takes the fastest
 * arrangement that fits: all cores as workers with a session each; else one video at a time; else
 * smaller batches; else fewer sessions with more threads. Pure.
 *
 * @throws UsageError `memory-too-small` naming the least limit that would do.
 *
 * @example
 * declare const needs: MemoryNeeds;
 * planMemory(1024 ** 3, needs).budget; // bytes for `new Flow(...)`
 */
export function planMemory(limit: Bytes, needs: MemoryNeeds): MemoryPlan {
  let frugal = Number.POSITIVE_INFINITY;
  for (const candidate of candidates(needs)) {
    const { creationPeak, parts, least } = bill(needs, candidate);
    frugal = Math.min(frugal, least);
    if (least > limit) continue;
    const running = parts.reduce((sum, part) => sum + part.bytes, 0);
    const left = limit - running;
    const budget = Math.min(left, AMPLE_BUDGET + needs.claim * candidate.concurrency);
    const decoders = needs.decoders * candidate.concurrency;
    return {
      limit,
      budget,
      overcommit: Math.min(Math.floor(budget / 4), left - budget),
      decoders,
      alone: left + decoders,
      creationPeak,
      parts,
      networks: candidate.networks,
      concurrency: candidate.concurrency,
      opensWhileDecoding: (needs.driver ?? 0) > 0,
    };
  }
  const needed = Math.ceil(frugal / MiB) * MiB;
  throw new UsageError(
    `\`memory\` is ${formatBytes(limit)}, but this graph needs at least ${needed / MiB} MiB for the process and its decoders`,
    {
      code: 'memory-too-small',
      option: 'memory',
      remedy: `Give \`memory: '${needed / MiB}MiB'\` or more${needs.networks.length > 1 ? ", leave out a network (`audio: 'none'`)" : ''}, or choose a smaller network.`,
    },
  );
}
