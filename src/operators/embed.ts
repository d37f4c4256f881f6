import type { OperatorFunction } from 'rxjs';
import { checkFunction, checkInteger, checkOneOf, checkString, shown } from '../core/check.ts';
import { FlowError, UsageError } from '../core/errors.ts';
import type { Resolved } from '../core/given.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { byteDigest, sampledFingerprint } from './element-fingerprint.ts';
import type { Flow } from './flow.ts';
import type { Frame } from './frame.ts';
import type { MicroBatch } from './micro-batch.ts';
import type { Patch } from './patch.ts';
import type { Bytes } from './payload.ts';
import type { DuplicateRules } from './recent-elements.ts';
import type { Scope } from './scope.ts';

/** A network as `embed` needs it: it maps each input of a batch to a float32 vector. */
export interface Embedder<T> {
  readonly name: string;
  /** Length of a vector. */
  readonly dimension: number;
  /** Maximum number of inputs per call. */
  readonly maxBatch: number;
  /** Number of calls it can run at the same time. */
  readonly concurrency: number;
  /** One vector per input, in the same order. */
  embed(inputs: readonly T[]): Promise<readonly Float32Array[]>;
}

/** The vector of one frame or patch. */
export interface Embedding {
  /**
   * The element's time: a frame's presentation time, or that of a patch's first sample; s from the
   * container's start.
   */
  readonly time: number;
  /** The middle of its span (`time` for a frame); s from the container's start. */
  readonly centre: number;
  /** float32[dimension]. */
  readonly vector: Float32Array;
}

/**
 * How repeated frames and patches are handled. `once`: one whose bytes equal those of a recent one
 * reuses that one's vector; `compute`: it is computed like any other.
 */
export const repeatedFrameRules = ['once', 'compute'] as const;
/** See `repeatedFrameRules`. */
export type RepeatedFrames = (typeof repeatedFrameRules)[number];

/**
 * Number of distinct elements that each pipeline remembers: the last two, so that alternating
 * frames are recognised.
 */
const RECENT = 2;

/**
 * Maximum number of bytes that `embed` keeps for one pipeline beyond the elements it holds: the
 * vectors that duplicates reuse. Part of a scope's `kept` and `claim`.
 */
export function embedKeeps(dimension: number, duplicates: RepeatedFrames = 'once'): Bytes {
  return duplicates === 'once' ? RECENT * 4 * checkInteger('dimension', dimension) : 0;
}

/**
 * How `embed` works. All uses of an embedder in a flow share one batcher, which the first use sets
 * up: later uses give the same options or leave them out.
 */
export interface EmbedOptions {
  /** The scope that held bytes are attributed to. */
  readonly scope: Scope;
  /** Name of the batcher in metrics; default `embed-` followed by the embedder's name. */
  readonly name?: string | undefined;
  /** Milliseconds an element may wait for a batch to fill; default 200. */
  readonly maxDelay?: number | undefined;
  /**
   * How an element is handled that equals, byte for byte, one of the last two distinct ones of its
   * pipeline; default `once`, which is right if the embedder's vector depends on the input alone.
   */
  readonly repeatedFrames?: RepeatedFrames | undefined;
}

class VectorAt implements Embedding {
  constructor(
    readonly time: number,
    readonly centre: number,
    readonly vector: Float32Array,
  ) {}

  get byteLength(): Bytes {
    return this.vector.byteLength;
  }
}

/** What all uses of an embedder in a flow share. */
interface Shared {
  readonly batcher: MicroBatch<Frame | Patch, Embedding>;
  readonly settings: Resolved<Omit<EmbedOptions, 'scope'>>;
}

const shared = new WeakMap<Flow, WeakMap<object, Shared>>();

const embedOptions: KnownOptions<EmbedOptions> = { scope: true, name: true, maxDelay: true, repeatedFrames: true };

/**
 * Maps frames or patches to their vectors. All uses of one embedder in one flow share one
 * micro-batcher, so the frames of several videos fill one batch. Holds each element until its batch
 * has settled, and releases it before its embedding is emitted. A duplicate is released at once and
 * gets a copy of its original's vector; the most recent vectors are kept for that (`embedKeeps`).
 * Order is preserved. Unsubscribing removes waiting elements; see `MicroBatch`.
 *
 * @throws UsageError if an option differs from that of an earlier use of the embedder in the flow.
 * @throws FlowError `batch-result` (as the output's error) if the embedder returns too few or too
 * many vectors, or vectors that are too short.
 * @example
 * const alexnet = network('alexnet');
 * frames(video('heat.mp4'), { scope, ...alexnet.input }).pipe(embed(await alexnet.open(), { scope }));
 */
export function embed<P extends Frame | Patch>(
  embedder: Embedder<P['data']>,
  options: EmbedOptions,
): OperatorFunction<P, Embedding> {
  checkKnownOptions('embed', options, embedOptions);
  const { scope } = options;
  let ofFlow = shared.get(scope.flow);
  if (ofFlow === undefined) {
    ofFlow = new WeakMap();
    shared.set(scope.flow, ofFlow);
  }
  let known = ofFlow.get(embedder);
  if (known === undefined) {
    known = share(embedder, options);
    ofFlow.set(embedder, known);
  } else checkSame(known.settings, options);
  return (known.batcher as unknown as MicroBatch<P, Embedding>).batch(scope);
}

function checkSame(settings: Shared['settings'], options: EmbedOptions): void {
  for (const option of ['name', 'maxDelay', 'repeatedFrames'] as const) {
    const [first, later] = [settings[option], options[option]];
    if (later === undefined || later === first) continue;
    throw new UsageError(
      `\`${option}\` must be the same for all uses of an embedder in a flow, but is ${shown(later)} and was ${shown(first)}`,
      {
        remedy: 'Give every use the same options, or use another `Embedder` object, which has its own batcher.',
      },
    );
  }
}

function share<P extends Frame | Patch>(embedder: Embedder<P['data']>, options: EmbedOptions): Shared {
  checkFunction('embedder.embed', embedder.embed);
  const settings = {
    name: options.name ?? `embed-${checkString('embedder.name', embedder.name)}`,
    maxDelay: options.maxDelay ?? 200,
    repeatedFrames: checkOneOf('repeatedFrames', options.repeatedFrames ?? 'once', repeatedFrameRules),
  };
  const batcher = batcherOf(embedder, options.scope.flow, settings);
  return { batcher: batcher as unknown as Shared['batcher'], settings };
}

function batcherOf<P extends Frame | Patch>(
  embedder: Embedder<P['data']>,
  flow: Flow,
  { name, maxDelay, repeatedFrames }: Shared['settings'],
): MicroBatch<P, Embedding> {
  const dimension = checkInteger('embedder.dimension', embedder.dimension);
  return flow.microBatch<P, Embedding>({
    name,
    maxCount: embedder.maxBatch,
    maxInFlight: embedder.concurrency,
    maxDelay,
    releaseFirst: true,
    duplicates: repeatedFrames === 'once' ? equalBytes<P>(4 * dimension) : undefined,
    run: async (batch) => {
      const vectors = await embedder.embed(batch.map((element): P['data'] => element.data));
      if (vectors.length !== batch.length || vectors.some((vector) => vector.length !== embedder.dimension)) {
        throw new FlowError(
          'batch-result',
          `'${embedder.name}' must return ${batch.length} vectors of ${embedder.dimension}, but returned ${vectors.length} of ${[...new Set(vectors.map((vector) => vector.length))].join(', ')}`,
        );
      }
      return batch.map(
        (element, index) => new VectorAt(element.time, centreOf(element), vectors[index] as Float32Array),
      );
    },
  });
}

function centreOf(element: Frame | Patch): number {
  return 'centre' in element ? element.centre : element.time;
}

function equalBytes<P extends Frame | Patch>(resultBytes: Bytes): DuplicateRules<P, Embedding> {
  return {
    recent: RECENT,
    resultBytes,
    sample: (element) => sampledFingerprint(element.data),
    digest: (element) => byteDigest(element.data),
    ownResult: (element) => {
      const { time } = element;
      const centre = centreOf(element);
      return ({ vector }) => new VectorAt(time, centre, vector.slice());
    },
  };
}
