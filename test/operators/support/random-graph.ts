import fc from 'fast-check';
import type { BufferPool } from '../../../src/operators/buffer-pool.ts';
import { Payload } from '../../../src/operators/payload.ts';
import { ONCE_KEEPS } from './once-branch.ts';

/** One way in which the frames of a video are used. */
export type Branch =
  | { kind: 'batch' }
  | { kind: 'once' }
  | { kind: 'map'; ordered: boolean; concurrency: number; drop: number }
  | { kind: 'map-batch'; concurrency: number }
  | { kind: 'window'; size: number; step: number }
  | { kind: 'window-map'; size: number }
  | { kind: 'buffer'; every: number }
  | { kind: 'zip'; concurrency: number }
  | { kind: 'delay'; milliseconds: number }
  | { kind: 'holder'; bytes: number }
  | { kind: 'view'; concurrency: number }
  | { kind: 'window-view'; size: number }
  | { kind: 'expand'; concurrency: number; bytes: number; ordered: boolean }
  | { kind: 'many'; count: number; concurrency: number }
  | { kind: 'own' }
  | { kind: 'own-busy'; size: number }
  | { kind: 'loop'; rounds: number; milliseconds: number }
  | { kind: 'take'; count: number };

/** What goes wrong, or who leaves, and after how many elements. */
export type Ending =
  | 'complete'
  | 'unsubscribe'
  | 'fail-open'
  | 'fail-read'
  | 'fail-stage'
  | 'fail-batch'
  | 'fail-count'
  | 'fail-close';

/** A random graph with its flow. */
export interface RandomGraph {
  videos: number;
  frames: number;
  concurrency: number;
  sizes: number[];
  budget: number;
  maxOvercommit: number;
  lowWatermark: number;
  yieldAfter: number;
  claims: boolean;
  reader: 'sync' | 'async' | 'generator';
  slowOpen: boolean;
  latencies: number[];
  maxCount: number;
  maxBytes: number | undefined;
  maxDelay: number;
  maxInFlight: number;
  /** Frames in a row that show the same, for `once`. */
  hold: number;
  /** Pictures until the first one comes again, for `once`. */
  cycle: number;
  /** RepeatedFrames that wait without being held, for `once`. */
  unheld: number;
  branches: Branch[];
  ending: Ending;
  at: number;
  isolate: boolean;
}

const ENDINGS: readonly Ending[] = [
  'complete',
  'complete',
  'complete',
  'complete',
  'unsubscribe',
  'unsubscribe',
  'fail-open',
  'fail-read',
  'fail-stage',
  'fail-batch',
  'fail-count',
  'fail-close',
];

const small = (max: number) => fc.integer({ min: 1, max });

const branch: fc.Arbitrary<Branch> = fc.oneof(
  fc.constant<Branch>({ kind: 'batch' }),
  fc.constant<Branch>({ kind: 'once' }),
  fc.record({ kind: fc.constant('map' as const), ordered: fc.boolean(), concurrency: small(4), drop: small(4) }),
  fc.record({ kind: fc.constant('map-batch' as const), concurrency: small(3) }),
  fc.record({ kind: fc.constant('window' as const), size: small(6), step: small(7) }),
  fc.record({ kind: fc.constant('window-map' as const), size: small(5) }),
  fc.record({ kind: fc.constant('buffer' as const), every: small(5) }),
  fc.record({ kind: fc.constant('zip' as const), concurrency: small(3) }),
  fc.record({ kind: fc.constant('delay' as const), milliseconds: fc.constantFrom(0, 0, 0, 1) }),
  fc.record({ kind: fc.constant('holder' as const), bytes: small(3) }),
  fc.record({ kind: fc.constant('view' as const), concurrency: small(3) }),
  fc.record({ kind: fc.constant('window-view' as const), size: small(4) }),
  fc.record({
    kind: fc.constant('expand' as const),
    concurrency: small(3),
    bytes: small(40),
    ordered: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('many' as const), count: small(4), concurrency: small(3) }),
  fc.constant<Branch>({ kind: 'own' }),
  fc.record({ kind: fc.constant('own-busy' as const), size: small(4) }),
  fc.record({ kind: fc.constant('loop' as const), rounds: small(3), milliseconds: fc.constantFrom(0, 0, 1) }),
  fc.record({ kind: fc.constant('take' as const), count: small(8) }),
);

/** Random graphs: small numbers, so that budgets bind, batches stay partial and windows overlap. */
export const randomGraph: fc.Arbitrary<RandomGraph> = fc
  .record({
    videos: small(4),
    frames: fc.integer({ min: 0, max: 18 }),
    concurrency: small(4),
    sizes: fc.array(small(10), { minLength: 1, maxLength: 5 }),
    budget: small(150),
    maxOvercommit: fc.constantFrom(0, 15, 1e9, 1e9),
    lowWatermark: fc.constantFrom(0.75, 1, 0),
    yieldAfter: fc.constantFrom(0, 4),
    claims: fc.boolean(),
    reader: fc.constantFrom('sync', 'async', 'generator'),
    slowOpen: fc.boolean(),
    latencies: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 7 }),
    maxCount: small(20),
    maxBytes: fc.option(small(40), { nil: undefined }),
    maxDelay: fc.constantFrom(0, 1, 60_000, 60_000),
    maxInFlight: small(3),
    hold: small(5),
    cycle: fc.constantFrom(1, 2, 3, 4, 99),
    unheld: fc.constantFrom(0, 1, 3, 256),
    branches: fc.array(branch, { minLength: 1, maxLength: 3 }),
    ending: fc.constantFrom(...ENDINGS),
    at: fc.integer({ min: 0, max: 40 }),
    isolate: fc.boolean(),
  })
  .map((graph) => {
    // How large results are, is not known before the first have come: no claim is truthful then.
    const claims = graph.claims && !graph.branches.some(({ kind }) => kind === 'expand');
    if (!claims) return { ...graph, claims } as RandomGraph;
    return { ...graph, budget: Math.max(graph.budget, claimOf(graph as RandomGraph)) } as RandomGraph;
  });

/** The largest frame. */
export function estimateOf(graph: RandomGraph): number {
  return Math.max(...graph.sizes);
}

/** The most bytes one video keeps without giving any back on its own, and one read. */
export function claimOf(graph: RandomGraph): number {
  let elements = 1;
  for (const it of graph.branches) {
    if (it.kind === 'window' || it.kind === 'window-map' || it.kind === 'window-view') elements += it.size;
    if (it.kind === 'own') elements += 1;
    if (it.kind === 'own-busy') elements += it.size;
    if (it.kind === 'buffer') elements += it.every;
  }
  return elements * estimateOf(graph) + keptOf(graph);
}

/** The most bytes that results bring before it is known how large they are. */
export function unexpectedOf(graph: RandomGraph): number {
  let bytes = 0;
  for (const it of graph.branches) if (it.kind === 'expand') bytes += it.concurrency * it.bytes;
  return graph.videos * bytes;
}

/** The most bytes the holders of one video keep. */
export function keptOf(graph: RandomGraph): number {
  let bytes = 0;
  for (const it of graph.branches) {
    if (it.kind === 'holder') bytes += it.bytes * graph.frames;
    if (it.kind === 'once') bytes += ONCE_KEEPS;
  }
  return bytes;
}

/** What the frames of one run did. */
export class Trace {
  opened = 0;
  closed = 0;
  read = 0;
  idle = 0;
  liveBytes = 0;
  peakLiveBytes = 0;
  /** Laws that were broken, in words. */
  readonly broken: string[] = [];

  check(holds: boolean, law: string): void {
    if (!holds && this.broken.length < 5) this.broken.push(law);
  }
}

/**
 * A frame whose memory comes from the flow's pool and says whose it is, so that use after recycling
 * shows.
 */
export class TestFrame extends Payload {
  readonly byteLength: number;
  readonly #memory: Uint8Array;
  readonly mark: number;
  #idled = 0;

  constructor(
    readonly video: number,
    readonly index: number,
    bytes: number,
    readonly pool: BufferPool,
    readonly trace: Trace,
  ) {
    super();
    this.byteLength = bytes;
    this.#memory = pool.take(bytes);
    this.mark = (video * 31 + index * 7 + 1) % 256;
    this.#memory.fill(this.mark);
    this.owns(this.#memory);
    trace.read++;
    trace.liveBytes += bytes;
    trace.peakLiveBytes = Math.max(trace.peakLiveBytes, trace.liveBytes);
  }

  /** Its memory. */
  get view(): Uint8Array {
    this.use();
    return this.#memory;
  }

  /** Reads it, as an operator would. */
  use(): this {
    this.trace.check(!this.idle && this.holds > 0, 'nothing is recycled while in use');
    this.trace.check(
      this.#memory.every((byte) => byte === this.mark),
      'memory in use is not overwritten',
    );
    return this;
  }

  override onIdle(): void {
    this.#idled++;
    this.trace.check(this.#idled === 1, 'each payload is idle exactly once');
    this.trace.idle++;
    this.trace.liveBytes -= this.byteLength;
    this.pool.give(this.#memory);
  }
}

/** Waits 0: a microtask, n: n turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
