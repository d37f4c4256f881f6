import { createHash } from 'node:crypto';
import { checkInteger, checkString } from '../../check.ts';
import { ModelError, UsageError } from '../../errors.ts';
import { type Device, readDevice } from '../onnx/device-name.ts';
import type { OnnxGraph } from '../onnx/graph.ts';
import { insideFolder, readModel } from '../onnx/read.ts';
import type { RehearsedNetwork } from '../onnx/rehearse.ts';
import type { Place, SessionPart, SessionPlan } from '../onnx/session.ts';
import { rowSizes } from '../onnx/shapes.ts';
import { WorkerPool } from '../onnx/worker-pool.ts';
import { observed, observedOutput, rangedBytes } from '../quantisation/observe.ts';
import { quantisationForm, quantise, rangedTensors } from '../quantisation/quantise.ts';
import type { Ranges } from '../quantisation/range.ts';
import { architectureGraph } from './architecture.ts';
import { type AssembledNetwork, assemble, outputAt } from './assemble.ts';
import { cacheDirectory, fileHash } from './cache.ts';
import { hashCard, loadCard, type ModelCard } from './card.ts';

import { Network } from './embedder.ts';
import { leastRows } from './least-rows.ts';
import { hostMemory, type SessionMemory, sessionMemory } from './memory.ts';
import { namedWeights } from './named-weights.ts';
import { type DeviceMemory, deviceBatch, deviceMemory, openOnDevice, placesOf } from './on-device.ts';
import { prepareParts } from './prepare.ts';
import { type NamedOptions, namedNetwork, networkNames } from './registry.ts';
import { type KnownOrigin, type WeightsFile, weightsFile } from './weights-origin.ts';

export { Network };

/** How to find a network. */
export interface NetworkOptions extends NamedOptions {
  /**
   * Of a named network: `random:SEED`, or the path of a weight file with the tensor names of torchvision (`.pth`, `.safetensors`, `.npz`, `.onnx`). Of a
   * model card: path of an .onnx file to use in place of the card's own, wherever it lies; `random:SEED` is left out of account then,
   * because a card's file is its weights.
   */
  readonly weights?: string;
  /** What `weightsFiles` says of the file of `weights`; by default the file's name. */
  readonly weightsOrigin?: KnownOrigin;
  /** Likewise of the file of `postprocess`. */
  readonly postprocessOrigin?: KnownOrigin;
  /** Where prepared networks are kept; else `REELFLOW_CACHE_DIR`, else the user's cache folder. */
  readonly cacheDirectory?: string;
}

/** How to run a network. */
export interface OpenOptions {
  /** Threads that each hold a session. Default 1; on cards one each, and a second where bringing rows takes long beside computing them. */
  readonly workers?: number | undefined;
  /** Threads inside one operation of a session. Default 1. */
  readonly threads?: number | undefined;
  /** Rows per batch at most. Default: the network's own; on a device 64. */
  readonly batch?: number | undefined;
  /** Where it is computed: `cpu` (default), `webgpu`, `cuda`, or cards such as `cuda:0,cuda:1`; see `readDevice`. Sessions are not created elsewhere instead. */
  readonly device?: string | undefined;
  /** Called when a device had no memory for a whole batch: its runs have this many rows from now on. */
  readonly onRowsHalved?: ((rows: number) => void) | undefined;
}

/** How a network was put on 8-bit integers. */
interface Quantised {
  readonly parts: readonly OnnxGraph[];
  /** SHA-256 of the ranges and of the form. */
  readonly hash: string;
}

/** Rows that convolutions run at once at most: more gain nothing and cost memory. */
const convolutionRows = 8;
/** Activations that convolutions hold at once, where one row has not more by itself: VGG16 runs 2 rows at once, the others 8. */
const activationBytes = 64 * 1024 * 1024;
const defaultBatch = 32;

/**
 * A network that was found and checked, and not opened yet: all that a plan needs to know, and `open`.
 */
export class NetworkPlan<T extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  readonly #assembled: AssembledNetwork;
  readonly #cacheDirectory: string;
  readonly #quantised: Quantised | undefined;

  /** Made by `network`. */
  constructor(
    readonly card: ModelCard,
    /** SHA-256 of what in the card (and, for a named network, in its architecture) changes values. */
    readonly cardHash: string,
    /** SHA-256 of the weights' file; of seeded weights, of the recipe that decides every bit; with a file for post-processing, of both hashes. */
    readonly weightsHash: string,
    /** Its weights are random: whatever shows results must say so. */
    readonly random: boolean,
    /** Where the weights come from: `random:SEED`, or the path of a file. */
    readonly weightsOrigin: string,
    /** The files that the weights come from, each with its own hash; none where all are random. */
    readonly weightsFiles: readonly WeightsFile[],
    /** Rows per batch when nothing else is asked for. */
    readonly defaultBatch: number,
    assembled: AssembledNetwork,
    cache: string,
    quantised?: Quantised,
  ) {
    this.#assembled = assembled;
    this.#cacheDirectory = cache;
    this.#quantised = quantised;
  }

  /** What its layers are computed in. */
  get precision(): 'float32' | 'int8' {
    return this.#quantised === undefined ? 'float32' : 'int8';
  }

  /** SHA-256 of what decides the integers, beside the weights; undefined in float32. */
  get rangesHash(): string | undefined {
    return this.#quantised?.hash;
  }

  /** Names of the tensors whose ranges `quantised` needs; none when the network has no layer that 8 bits could take. */
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
   * @throws ModelError `precision` when there is no such layer, or a range is missing.
   */
  quantised(ranges: Ranges): NetworkPlan<T> {
    if (this.rangedTensors.length === 0) {
      throw new ModelError(
        'precision',
        `${this.name} has no convolution or dense layer with constant float32 weights that int8 could take`,
        { remedy: 'Use --precision float32.' },
      );
    }
    const parts = this.#assembled.parts.map((part) => quantise(part, ranges));
    const used = this.rangedTensors.map((name) => [name, ...(ranges[name] as readonly number[])]);
    const hash = createHash('sha256')
      .update(JSON.stringify([quantisationForm, used]))
      .digest('hex');
    return this.#with(this.card, this.#assembled, this.#cacheDirectory, { parts, hash });
  }

  /**
   * The network in float32 that gives after its vector, on each row, the least and the greatest value of every tensor of `rangedTensors` over
   * the rows of the same run.
   *
   * @param cache - where it is prepared, apart from the other networks; the caller removes it.
   */
  observed(cache: string): NetworkPlan<T> {
    const names = this.rangedTensors;
    const whole = observed(this.#assembled.parts, names);
    const dimension = this.dimension + 2 * names.length;
    const card = { ...this.card, output: { name: observedOutput, dimension } };
    return this.#with(card, { whole, parts: [whole], fixedRows: this.#assembled.fixedRows }, cache, undefined);
  }

  #with(card: ModelCard, assembled: AssembledNetwork, cache: string, quantised: Quantised | undefined): NetworkPlan<T> {
    const { cardHash, weightsHash, random, weightsOrigin: origin, weightsFiles: files, defaultBatch: batch } = this;
    return new NetworkPlan<T>(card, cardHash, weightsHash, random, origin, files, batch, assembled, cache, quantised);
  }

  /** The graphs that are run. */
  get #parts(): readonly OnnxGraph[] {
    return this.#quantised?.parts ?? this.#assembled.parts;
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

  /** Elements of one input: bytes of a frame, samples of a patch. */
  get inputLength(): number {
    const { input } = this.card;
    return input.kind === 'frames' ? input.width * input.height * 3 : input.patchSamples;
  }

  /** Bytes of one input. */
  get inputBytes(): number {
    return this.card.input.kind === 'frames' ? this.inputLength : 4 * this.inputLength;
  }

  /** Bytes of all weights. */
  get weightsBytes(): number {
    return this.#parts.flatMap((part) => part.initializers).reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** What it will take of memory; see `sessionMemory`. */
  memory(options: OpenOptions = {}): SessionMemory {
    const { workers = 1, threads = 1, batch = this.defaultBatch } = options;
    const parts = this.#parts.map((graph, index) => ({
      graph,
      rows: this.#rows(index, batch),
      ...(this.#quantised && { activations: this.#assembled.parts[index] as OnnxGraph }),
    }));
    return sessionMemory(
      { parts, inputBytes: this.inputBytes, dimension: this.dimension },
      { workers, threads, batch },
    );
  }

  /** What its sessions on a device take of this process's memory, beside the driver; see `hostMemory`. */
  hostMemory({ workers, batch }: { readonly workers: number; readonly batch: number }): SessionMemory {
    const sizes = { inputBytes: this.inputBytes, dimension: this.dimension, weightsBytes: this.weightsBytes };
    return hostMemory(sizes, { workers, batch });
  }

  /** What it will take of memory on each device that computes it, for a number of sessions there; see `deviceMemory`. */
  deviceMemory(options: { readonly sessions: number; readonly batch: number }): DeviceMemory {
    return deviceMemory(this.#assembled.whole, { ...options, rows: this.#assembled.fixedRows ?? options.batch });
  }

  /**
   * Writes the network into the cache unless it is there, then creates its sessions one after another. On the CPU each has the network in parts, which run as
   * many rows as pay; on a device the whole network runs whole batches, always of the same shape, so that the device chooses its algorithms once.
   *
   * @throws UsageError for a wrong setting; ModelError when the network cannot be run as its card says, `device-memory` when a device has no room for it.
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
    return new Network<T>(pool, this.name, this.dimension, plan.batch, {
      rowLength: this.inputLength,
      isBytes: this.card.input.kind === 'frames',
    });
  }

  /** What a rehearsal runs: the sessions that `open` would have on a device. Writes the network into the cache unless it is there. */
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
    throw new UsageError("`device` of `open` must be a device, but is 'auto'", { remedy: 'Ask `chooseDevice` first.' });
  }

  #sessionPlan(device: Device, options: OpenOptions): SessionPlan {
    const fallback = device === 'cpu' ? this.defaultBatch : deviceBatch;
    const batch = checkInteger('batch', options.batch ?? fallback, 1, 1024);
    const threads = checkInteger('threads', options.threads ?? 1, 1, 256);
    const parts = device === 'cpu' ? this.#cpuParts(batch) : this.#deviceParts(batch);
    return { name: this.name, dimension: this.dimension, batch, threads, parts };
  }

  #cpuParts(batch: number): SessionPart[] {
    const identity = [this.cardHash, this.weightsHash, ...(this.rangesHash === undefined ? [] : [this.rangesHash])];
    const models = prepareParts(this.#parts, identity, this.#cacheDirectory);
    return this.#parts.map((part, index) => ({
      ...this.#session(part, models[index] as string, index),
      rows: this.#rows(index, batch),
      leastRows: this.#assembled.fixedRows ?? leastRows(part),
      prepack: this.#quantised !== undefined,
      arena: this.#quantised === undefined || part.nodes.some(({ operator }) => operator === 'Conv'),
    }));
  }

  #deviceParts(batch: number): SessionPart[] {
    const { whole, fixedRows } = this.#assembled;
    const [model] = prepareParts([whole], [this.cardHash, this.weightsHash, 'whole'], this.#cacheDirectory);
    const rows = fixedRows ?? batch;
    return [{ ...this.#session(whole, model as string, 0), rows, leastRows: rows }];
  }

  #session(part: OnnxGraph, model: string, index: number): Omit<SessionPart, 'rows'> {
    return {
      model,
      input: part.inputs[0]?.name ?? '',
      output: part.outputs[0]?.name ?? '',
      inputType: this.card.input.kind === 'frames' && index === 0 ? 'uint8' : 'float32',
      rowShape: index === 0 ? (part.inputs[0]?.shape?.slice(1) ?? []).map(Number) : [],
    };
  }

  #rows(index: number, batch: number): number {
    const { parts, fixedRows } = this.#assembled;
    if (fixedRows !== undefined) return fixedRows;
    const part = parts[index] as OnnxGraph;
    const hasConvolutions = part.nodes.some(({ operator }) => operator === 'Conv');
    if (!hasConvolutions) return batch;
    const fitting = Math.floor(activationBytes / (4 * Math.max(1, rowSizes(part).widestOperation)));
    return Math.min(batch, convolutionRows, Math.max(1, fitting));
  }
}

/**
 * Finds a network: one that reelflow writes itself, by name, or any ONNX file, by its model card. Reads structure and hashes, no weights; nothing is opened.
 *
 * @param nameOrCardPath - one of `networkNames`, or the path of a card (JSON).
 * @throws UsageError, ModelError `card`, `weights` or `hash`.
 *
 * @example
 * const plan = network('networks/squeezenet/card.json');
 * const look = await plan.open({ workers: 2 });
 */
export function network(nameOrCardPath: string, options: NetworkOptions = {}): NetworkPlan {
  checkString('nameOrCardPath', nameOrCardPath);
  const cache = cacheDirectory(options.cacheDirectory);
  const named = namedNetwork(nameOrCardPath, options);
  if (!named) {
    if (!/[./\\]/.test(nameOrCardPath)) {
      throw new UsageError(`there is no network '${nameOrCardPath}'`, {
        remedy: `Give one of ${networkNames.join(', ')}, or the path of a model card (JSON).`,
      });
    }
    return cardNetwork(nameOrCardPath, options, cache);
  }
  if (options.weights === undefined) {
    throw new ModelError('weights', `${named.name} has no weights yet`, {
      remedy:
        'Give a weight file, --weights random:SEED to try things out, or a model card of a trained .onnx file in place of the name.',
    });
  }
  const { architecture, card } = named;
  const postprocess = typeof options.postprocess === 'string' ? options.postprocess : undefined;
  const weights = namedWeights(architecture, options.weights, postprocess, cache, {
    weights: options.weightsOrigin,
    postprocess: options.postprocessOrigin,
  });
  const graph = architectureGraph(architecture, weights.tensor);
  const cardHash = hashCard(card, architecture);
  const assembled = assemble(card, graph, named.name);
  const { hash, random, origin, files } = weights;
  return new NetworkPlan(card, cardHash, hash, random, origin, files, named.batch, assembled, cache);
}

function cardNetwork(path: string, { weights, weightsOrigin, layer }: NetworkOptions, cache: string): NetworkPlan {
  const { card: own, folder } = loadCard(path);
  let card = own;
  const file = weights === undefined || weights.startsWith('random:') ? insideFolder(folder, card.file ?? '') : weights;
  if (file === undefined) {
    throw new ModelError(
      'card',
      `model card ${path}: \`file\` must name a file inside the card's own folder (links out of it are not followed), but '${card.file}' is not one`,
      {
        remedy: `Put the ONNX file beside the card, or give its path with --${card.modality}-weights FILE.`,
      },
    );
  }
  const weightsHash = fileHash(file, cache);
  if (card.sha256 !== undefined && card.sha256 !== weightsHash) {
    throw new ModelError(
      'hash',
      `${file} is not the file of its card: its SHA-256 is ${weightsHash}, the card says ${card.sha256}`,
      {
        remedy: 'Get the file again, or correct `sha256` in the card if the new file is meant.',
      },
    );
  }
  const graph = readModel(file);
  if (layer !== undefined) card = { ...card, output: outputAt(graph, layer, file) };
  const assembled = assemble(card, graph, file);
  const files = [weightsFile('weights', weightsHash, file, weightsOrigin)];
  const batch = card.batch ?? defaultBatch;
  return new NetworkPlan(card, hashCard(card), weightsHash, false, file, files, batch, assembled, cache);
}

/** AlexNet, by default to fc7, with the given weights; see `network`. */
export const alexnet = (options: NetworkOptions = {}): NetworkPlan<Uint8Array> =>
  network('alexnet', options) as NetworkPlan<Uint8Array>;

/** VGGish with the given weights; see `network`. */
export const vggish = (options: NetworkOptions = {}): NetworkPlan<Float32Array> =>
  network('vggish', options) as NetworkPlan<Float32Array>;
