import type { OperatorFunction } from 'rxjs';
import { checkFunction, checkInteger, checkOneOf, checkString } from '../core/check.ts';
import { FlowError, UsageError } from '../core/errors.ts';
import type { DuplicateRules } from './duplicates.ts';
import { byteDigest, sampledFingerprint } from './fingerprint.ts';
import type { Flow } from './flow.ts';
import type { Frame } from './frame.ts';
import type { MicroBatch } from './micro-batch.ts';
import type { Patch } from './patch.ts';
import type { Bytes } from './payload.ts';
import type { Scope } from './scope.ts';

/** A network as `embed` needs it: batches of inputs to one float32 vector each. */
export interface Embedder<T> {
  readonly name: string;
  /** Length of a vector. */
  readonly dimension: number;
  /** The most inputs per call. */
  readonly maxBatch: number;
  /** Calls it can execute at once. */
  readonly concurrency: number;
  /** One vector per input, in their order. */
  embed(inputs: readonly T[]): Promise<readonly Float32Array[]>;
}

/** The vector of one frame or patch. */
export interface Embedding {
  /** The element's time: of a frame its presentation, of a patch its first sample; s from the container's start. */
  readonly time: number;
  /** The middle of its span: of a frame `time`; s from the container's start. */
  readonly centre: number;
  /** float32[dimension]. */
  readonly vector: Float32Array;
}

/** What becomes of a frame or patch whose bytes equal those of a recent one: `once`: it takes that one's vector; `compute`: it is computed like any other. */
export const DUPLICATES = ['once', 'compute'] as const;
/** See `DUPLICATES`. */
export type Duplicates = (typeof DUPLICATES)[number];

/** Distinct elements that each pipeline remembers: the last, and the one before it, for what blinks. */
const RECENT = 2;

/**
 * The most bytes that `embed` keeps for one pipeline beside the elements it holds: the vectors that duplicates take. Part of a scope's
 * `kept` and `claim`.
 */
export function embedKeeps(dimension: number, duplicates: Duplicates = 'once'): Bytes {
  return duplicates === 'once' ? RECENT * 4 * checkInteger('dimension', dimension) : 0;
}

/** How `embed` works. */
export interface EmbedOptions {
  /** What is held is attributed to it. */
  readonly scope: Scope;
  /** Names the batcher in metrics; default `embed-` and the embedder's name. The first use of an embedder in a flow names it. */
  readonly name?: string;
  /** Milliseconds an element may wait for a batch to fill; default 200. The first use of an embedder in a flow sets it. */
  readonly maxDelay?: number;
  /**
   * What becomes of an element equal, byte for byte, to one of the last two distinct ones of its pipeline; default `once`. Right for an
   * embedder whose vector depends on the input alone. The first use of an embedder in a flow sets it.
   */
  readonly duplicates?: Duplicates;
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

const batchers = new WeakMap<Flow, WeakMap<object, MicroBatch<Frame | Patch, Embedding>>>();

/**
 * Maps frames or patches to their vectors. All uses of one embedder in one flow share one micro-batcher, so the frames of
 * several videos fill one batch. Holds each element until its batch has settled; it is let go before its embedding is
 * emitted. A duplicate is let go at once and takes a copy of the vector of its equal; the last vectors that this needs are kept
 * (`embedKeeps`). Order is kept. Unsubscribing takes waiting elements out; see `MicroBatch`.
 *
 * @throws FlowError `batch-result` (as the output's error) when the embedder gives too few, too many or too short vectors.
 * @example
 * frames(video, { scope }).pipe(embed(network, { scope }));
 */
export function embed<P extends Frame | Patch>(
  embedder: Embedder<P['data']>,
  options: EmbedOptions,
): OperatorFunction<P, Embedding> {
  const { scope } = options;
  let ofFlow = batchers.get(scope.flow);
  if (ofFlow === undefined) {
    ofFlow = new WeakMap();
    batchers.set(scope.flow, ofFlow);
  }
  let batcher = ofFlow.get(embedder) as MicroBatch<P, Embedding> | undefined;
  if (batcher === undefined) {
    batcher = batcherOf(embedder, options);
    ofFlow.set(embedder, batcher as unknown as MicroBatch<Frame | Patch, Embedding>);
  } else if (options.name !== undefined && options.name !== batcher.name) {
    throw new UsageError(
      `\`name\` must be the same for all uses of an embedder in a flow, but is '${options.name}' and was '${batcher.name}'`,
    );
  }
  return batcher.operator(scope);
}

function batcherOf<P extends Frame | Patch>(
  embedder: Embedder<P['data']>,
  options: EmbedOptions,
): MicroBatch<P, Embedding> {
  checkFunction('embedder.embed', embedder.embed);
  const dimension = checkInteger('embedder.dimension', embedder.dimension);
  const duplicates = checkOneOf('duplicates', options.duplicates ?? 'once', DUPLICATES);
  return options.scope.flow.microBatch<P, Embedding>({
    name: options.name ?? `embed-${checkString('embedder.name', embedder.name)}`,
    maxCount: embedder.maxBatch,
    maxInFlight: embedder.concurrency,
    maxDelay: options.maxDelay ?? 200,
    releaseFirst: true,
    ...(duplicates === 'once' ? { duplicates: equalBytes<P>(4 * dimension) } : {}),
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
