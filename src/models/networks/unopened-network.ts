import { checkInteger } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { type Device, readDevice } from '../onnx/device-name.ts';
import type { RunGuard } from '../onnx/measure-run.ts';
import type { OnnxGraph, OnnxNode } from '../onnx/onnx-graph.ts';
import type { RehearsedNetwork } from '../onnx/rehearse.ts';
import type { Place, SessionPart, SessionPlan } from '../onnx/session.ts';
import { WorkerPool } from '../onnx/worker-pool.ts';
import { float16Form, partsInFloat16 } from '../quantisation/float16.ts';
import { observed, observedOutput, rangedBytes } from '../quantisation/observed-tensors.ts';
import { quantisationForm, quantise, rangedTensors } from '../quantisation/quantise.ts';
import type { Range, Ranges } from '../quantisation/range.ts';
import type { AssembledNetwork } from './assemble.ts';
import type { NetworkCard } from './card.ts';
import { Network } from './embedder.ts';
import type { ConvolutionForm } from './fast-convolutions/form.ts';
import { fastForm } from './fast-convolutions/rule.ts';
import { activationsOf } from './measured-activations.ts';
import type { NamedOptions } from './network-entry.ts';
import { hostMemory, type SessionMemory, sessionMemory } from './network-memory.ts';
import { type DeviceMemory, deviceBatch, deviceMemory, openOnDevice, placesOf } from './on-device.ts';
import { prepareParts } from './prepare.ts';
import { prefixed } from './preprocess.ts';
import { checkRepeatable } from './repeatable.ts';
import { sessionParts } from './session-parts.ts';
import type { WeightsFile } from './weights-origin.ts';

/** How to run a network. */
export interface OpenOptions {
  /**
   * Number of threads, each with its own session. Default 1; on cards one each, plus a second if
   * copying rows takes long compared with computing them.
   */
  readonly workers?: number | undefined;
  /** Number of threads inside an operation of a session. Default 1. */
  readonly threads?: number | undefined;
  /** Maximum rows per batch. Default: the network's own; on a device 64. */
  readonly batch?: number | undefined;
  /**
   * Where it runs: `cpu` (default), `webgpu`, `cuda`, or cards such as `cuda:0,cuda:1`; see
   * `readDevice`. There is no fallback to another device.
   */
  readonly device?: string | undefined;
  /**
   * Called when a device has no memory for a full batch: its runs have this many rows from then on.
   */
  readonly onRowsHalved?: ((rows: number) => void) | undefined;
}

/** The frames that a visual network takes: the options of `frames` for it. */
export interface FrameInput {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  readonly resize: 'crop' | 'stretch';
}

/** The audio that an audio network takes: the options of `audio` for it. */
export interface PatchInput {
  /** Samples per second. */
  readonly sampleRate: number;
  readonly patchSamples: number;
  /** Samples from the start of one patch to the start of the next. */
  readonly hopSamples: number;
}

/** What is decoded for a network, by its input buffer: bytes of frames, or samples of audio. */
export type NetworkInput<T extends Uint8Array | Float32Array> = T extends Uint8Array ? FrameInput : PatchInput;

/** A network in lower precision than float32. */
type Reduced =
  | {
      readonly precision: 'int8';
      readonly parts: readonly OnnxGraph[];
      readonly ranges: Ranges;
      /** SHA-256 of the ranges and the form. */
      readonly hash: string;
    }
  | { readonly precision: 'float16'; readonly parts: readonly OnnxGraph[]; readonly whole: OnnxGraph };

/**
 * A network that has been found and checked but not opened: everything that a plan needs to know,
 * and `open`.
 */
export class UnopenedNetwork<T extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  /**
   * For the type only, so that an audio network is not accepted as a visual one: the buffer of one
   * input.
   */
  declare readonly reads: T;
  readonly #assembled: AssembledNetwork;
  readonly #cacheDirectory: string;
  readonly #reduced: Reduced | undefined;

  /** Made by `network`. @internal */
  constructor(
    readonly card: NetworkCard,
    /**
     * SHA-256 of everything in the card (and, for a named network, its architecture) that affects
     * values.
     */
    readonly cardHash: string,
    /**
     * SHA-256 of the weight file; for seeded weights, of the recipe that determines every bit; with
     * a separate file for post-processing, of both hashes.
     */
    readonly weightsHash: string,
    /** Whether its weights are random; whatever shows results must say so. */
    readonly random: boolean,
    /** Where the weights come from: `random:SEED`, or the path of a file. */
    readonly weightsOrigin: string,
    /** The files that the weights come from, each with its own hash; none if all are random. */
    readonly weightsFiles: readonly WeightsFile[],
    /** Default rows per batch. */
    readonly defaultBatch: number,
    /**
     * The options that determine a named network, besides its weights; undefined for the network of
     * a card.
     */
    readonly named: NamedOptions | undefined,
    assembled: AssembledNetwork,
    cache: string,
    reduced?: Reduced,
  ) {
    this.#assembled = assembled;
    this.#cacheDirectory = cache;
    this.#reduced = reduced;
  }

  /** The number format that its layers are computed in. */
  get precision(): 'float32' | 'float16' | 'int8' {
    return this.#reduced?.precision ?? 'float32';
  }

  /**
   * How its convolutions are computed on a CPU; also `direct` if the fast form pays for none, or in
   * lower precision than float32.
   */
  get convolutions(): ConvolutionForm {
    return this.#reduced === undefined && this.#assembled.fast !== undefined ? 'fast' : 'direct';
  }

  get #int8(): Extract<Reduced, { precision: 'int8' }> | undefined {
    return this.#reduced?.precision === 'int8' ? this.#reduced : undefined;
  }

  /** SHA-256 of what determines the integers, besides the weights; undefined if there are none. */
  get rangesHash(): string | undefined {
    return this.#int8?.hash;
  }

  /** The ranges that determine the integers; undefined if there are none. */
  get ranges(): Ranges | undefined {
    return this.#int8?.ranges;
  }

  /**
   * Names of the tensors whose ranges `quantised` needs; none if no layer of the network can run on
   * 8 bits.
   */
  get rangedTensors(): readonly string[] {
    return rangedTensors(this.#assembled.parts);
  }

  /** Bytes of those tensors, for one row. */
  get rangedBytesPerRow(): number {
    return rangedBytes(this.#assembled.parts, this.rangedTensors);
  }

  /**
   * The same network with its convolutions and dense layers on 8-bit integers.
   *
   * @param ranges - of every tensor that `rangedTensors` names.
   * @throws ModelError `precision` if there is no such layer, or a range is missing.
   */
  quantised(ranges: Ranges): UnopenedNetwork<T> {
    if (this.rangedTensors.length === 0) {
      throw new ModelError(
        'precision',
        `${this.name} has no convolution or dense layer with constant float32 weights that could run in int8`,
        { remedy: "Use `precision: 'float32'`." },
      );
    }
    const parts = this.#assembled.parts.map((part) => quantise(part, ranges));
    const used = this.rangedTensors.map((name) => [name, ranges[name] as Range] as const);
    const hash = sha256(JSON.stringify([quantisationForm, used.map(([name, range]) => [name, ...range])]));
    return this.#with(this.card, this.#assembled, this.#cacheDirectory, {
      precision: 'int8',
      parts,
      ranges: Object.fromEntries(used),
      hash,
    });
  }

  /**
   * The same network with its convolutions and dense layers in float16, which graphics cards
   * compute faster; its input and its vectors keep their format. The CPU can run it too, more
   * slowly than in float32.
   *
   * @throws ModelError `precision` if there is no such layer.
   */
  float16(): UnopenedNetwork<T> {
    // The preprocessing stays in full precision: a spectrogram's sums are long, and its logarithms
    // sensitive.
    const isFixed = ({ outputs }: OnnxNode) => outputs[0]?.startsWith(prefixed('')) === true;
    const { parts, whole } = this.#assembled;
    const converted = partsInFloat16([whole, ...parts], isFixed, this.name);
    const reduced: Reduced = {
      precision: 'float16',
      whole: converted[0] as OnnxGraph,
      parts: converted.slice(1),
    };
    return this.#with(this.card, this.#assembled, this.#cacheDirectory, reduced);
  }

  /**
   * The network in float32 that returns, after each row's vector, the minimum and maximum of every
   * tensor of `rangedTensors` over the rows of the same run.
   *
   * @param cache - where it is prepared, separate from the other networks; the caller removes it.
   */
  observed(cache: string): UnopenedNetwork<T> {
    const names = this.rangedTensors;
    const whole = observed(this.#assembled.parts, names);
    const dimension = this.dimension + 2 * names.length;
    // The ranges cover all rows of a run.
    const card = { ...this.card, output: { name: observedOutput, dimension }, repeatable: false };
    const assembled = { whole, parts: [whole], convolutional: [true], fixedRows: this.#assembled.fixedRows };
    activationsOf(assembled).takeFrom(activationsOf(this.#assembled));
    return this.#with(card, assembled, cache, undefined);
  }

  #with(
    card: NetworkCard,
    assembled: AssembledNetwork,
    cache: string,
    reduced: Reduced | undefined,
  ): UnopenedNetwork<T> {
    const { cardHash, weightsHash, random, weightsOrigin, weightsFiles, defaultBatch, named } = this;
    const own = [cardHash, weightsHash, random, weightsOrigin, weightsFiles, defaultBatch, named] as const;
    return new UnopenedNetwork<T>(card, ...own, assembled, cache, reduced);
  }

  /** The network in the form that determines activations on the CPU. */
  get #onCpu(): AssembledNetwork {
    return this.convolutions === 'fast' ? (this.#assembled.fast ?? this.#assembled) : this.#assembled;
  }

  /** The graphs that run on a CPU. */
  get #parts(): readonly OnnxGraph[] {
    return this.#reduced?.parts ?? this.#onCpu.parts;
  }

  /** The graph that runs on a device; integers are for the CPU only. */
  get #whole(): OnnxGraph {
    return this.#reduced?.precision === 'float16' ? this.#reduced.whole : this.#assembled.whole;
  }

  /** What distinguishes its graphs from others with the same weights. */
  get #form(): readonly string[] {
    const float16 = this.precision === 'float16' ? float16Form : undefined;
    const fast = this.convolutions === 'fast' ? fastForm : undefined;
    return [fast, float16, this.rangesHash].filter((form) => form !== undefined);
  }

  /** Where it is prepared. */
  get cacheDirectory(): string {
    return this.#cacheDirectory;
  }

  get name(): string {
    return this.card.name;
  }

  /** Length of a vector. */
  get dimension(): number {
    return this.card.output.dimension;
  }

  /**
   * What is decoded for it: size and resizing of frames, or rate and patches of audio.
   *
   * @example
   * frames(video('heat.mp4'), { scope, ...network('alexnet').input });
   */
  get input(): NetworkInput<T> {
    const { input, preprocess } = this.card;
    if (input.kind === 'frames') {
      const { width, height } = input;
      return { width, height, resize: preprocess?.resize ?? 'crop' } satisfies FrameInput as NetworkInput<T>;
    }
    const { sampleRate, patchSamples, hopSamples } = input;
    return { sampleRate, patchSamples, hopSamples } satisfies PatchInput as NetworkInput<T>;
  }

  /** Elements of one input: bytes of a frame, samples of a patch. */
  get inputLength(): number {
    const { input } = this.card;
    return input.kind === 'frames' ? input.width * input.height * 3 : input.patchSamples;
  }

  /** Bytes of one input. */
  get inputBytes(): number {
    return this.card.input.kind === 'frames' ? this.inputLength : 4 * this.inputLength;
  }

  /** Bytes of all weights, before any are transformed for the fast form. */
  get weightsBytes(): number {
    const { parts } = this.#reduced ?? this.#assembled;
    return parts.flatMap((part) => part.initializers).reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /**
   * Measures what the network's structure does not reveal about its memory by running one row in a
   * separate process. Does nothing for a network of the usual operations, or when called again.
   *
   * @param guard - may end that process if it takes too much memory.
   * @throws SystemError `session` if it cannot be run; whatever error the guard refuses with.
   */
  measure(guard?: RunGuard): Promise<void> {
    return activationsOf(this.#onCpu).measure(this.name, () => this.#sessionParts(1), guard);
  }

  /**
   * The memory it will take; see `sessionMemory`.
   *
   * @throws UsageError if it has operations whose memory cannot be inferred and `measure` has not
   * been called.
   */
  memory(options: OpenOptions = {}): SessionMemory {
    const { workers = 1, threads = 1, batch = this.defaultBatch } = options;
    const parts = this.#parts.map((graph, index) => ({
      graph,
      rows: activationsOf(this.#onCpu).rows(index, batch),
      bytes: activationsOf(this.#onCpu).bytes(index, this.name),
      activations: this.#int8 ? (this.#assembled.parts[index] as OnnxGraph) : undefined,
    }));
    return sessionMemory(
      { parts, inputBytes: this.inputBytes, dimension: this.dimension },
      { workers, threads, batch },
    );
  }

  /**
   * What its sessions on a device take of this process's memory, apart from the driver; see
   * `hostMemory`.
   */
  hostMemory({ workers, batch }: { readonly workers: number; readonly batch: number }): SessionMemory {
    const sizes = { inputBytes: this.inputBytes, dimension: this.dimension, weightsBytes: this.weightsBytes };
    return hostMemory(sizes, { workers, batch });
  }

  /**
   * The memory it will take on each of its devices, for a given number of sessions there; see
   * `deviceMemory`.
   */
  deviceMemory(options: { readonly sessions: number; readonly batch: number }): DeviceMemory {
    const rows = this.#assembled.fixedRows ?? options.batch;
    return deviceMemory(this.#whole, { ...options, rows, valueBytes: this.precision === 'float16' ? 2 : 4 });
  }

  /**
   * Writes the network to the cache unless it is already there, then creates its sessions one after
   * another. On the CPU each session has the network in parts, which run as many rows as pays; on a
   * device the whole network runs full batches, always of the same shape, so that the device
   * chooses its algorithms once.
   *
   * @throws UsageError for an invalid setting; ModelError if the network cannot be run as its card
   * says; SystemError `device-memory` if a device has no room for it.
   */
  async open(options: OpenOptions = {}): Promise<Network<T>> {
    const device = this.#device(options);
    const plan = this.#sessionPlan(device.device, options);
    let pool: WorkerPool;
    if (device.device === 'cpu') {
      const workers = checkInteger('workers', options.workers ?? 1, 1, 256);
      const places = Array.from({ length: workers }, (): Place => ({ device: 'cpu', number: 0 }));
      pool = await WorkerPool.open(plan, this.inputBytes, places);
    } else pool = await openOnDevice(plan, this.inputBytes, { ...options, ...device, device: device.device });
    const isBytes = this.card.input.kind === 'frames';
    const opened = new Network<T>(pool, this.name, this.dimension, plan.batch, {
      rowLength: this.inputLength,
      isBytes,
    });
    // Networks that reelflow writes itself have no such operations.
    if (this.card.file !== undefined) await checkRepeatable(opened, this.card, device.device);
    return opened;
  }

  /**
   * What a rehearsal runs: the sessions that `open` would create on a device. Writes the network to
   * the cache unless it is already there. @internal
   */
  rehearsed(options: OpenOptions): RehearsedNetwork {
    const { device, numbers } = this.#device(options);
    const plan = this.#sessionPlan(device, options);
    const { workers } = options;
    const places = device === 'cpu' ? [] : placesOf({ device, numbers, workers });
    return { plan, places, inputBytes: this.inputBytes, maySecond: workers === undefined && device === 'cuda' };
  }

  #device(options: OpenOptions): { readonly device: Device; readonly numbers: readonly number[] } {
    const { device, numbers } = readDevice(options.device ?? 'cpu');
    if (device !== 'auto') return { device, numbers };
    throw new UsageError("`device` of `open` must be a device, but is 'auto'", {
      remedy: 'Call `chooseDevice` first.',
    });
  }

  #sessionPlan(device: Device, options: OpenOptions): SessionPlan {
    const fallback = device === 'cpu' ? this.defaultBatch : deviceBatch;
    const batch = checkInteger('batch', options.batch ?? fallback, 1, 1024);
    const threads = checkInteger('threads', options.threads ?? 1, 1, 256);
    const parts = device === 'cpu' ? this.#sessionParts(batch) : this.#deviceParts(batch);
    return { name: this.name, dimension: this.dimension, batch, threads, parts };
  }

  /**
   * Writes the whole network to the cache unless it is already there: a device runs full batches,
   * all of one shape.
   */
  #deviceParts(batch: number): readonly SessionPart[] {
    const whole = this.#whole;
    const form = this.precision === 'float16' ? this.#form : [];
    const models = prepareParts([whole], [this.cardHash, this.weightsHash, 'whole', ...form], this.#cacheDirectory);
    const rows = this.#assembled.fixedRows ?? batch;
    return sessionParts(this.card, [whole], models, { rows: () => rows, fixedRows: rows });
  }

  /**
   * Writes the network to the cache unless it is already there, and returns how its parts are run.
   */
  #sessionParts(batch: number): readonly SessionPart[] {
    const parts = this.#parts;
    const identity = [this.cardHash, this.weightsHash, ...this.#form];
    const models = prepareParts(parts, identity, this.#cacheDirectory);
    return sessionParts(this.card, parts, models, {
      rows: (index) => activationsOf(this.#onCpu).rows(index, batch),
      fixedRows: this.#assembled.fixedRows,
      isQuantised: this.#int8 !== undefined,
    });
  }
}
