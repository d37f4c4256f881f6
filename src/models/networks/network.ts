import { createHash } from 'node:crypto';
import { checkInteger, checkOneOf, checkString } from '../../check.ts';
import { ModelError, UsageError } from '../../errors.ts';
import type { Device } from '../onnx/device.ts';
import type { OnnxGraph } from '../onnx/graph.ts';
import { insideFolder, readModel } from '../onnx/read.ts';
import type { SessionPlan } from '../onnx/session.ts';
import { WorkerPool } from '../onnx/worker-pool.ts';
import { observed, observedOutput, rangedBytes } from '../quantisation/observe.ts';
import { quantisationForm, quantise, rangedTensors } from '../quantisation/quantise.ts';
import type { Ranges } from '../quantisation/range.ts';
import { architectureGraph } from './architecture.ts';
import { type AssembledNetwork, assemble, outputAt } from './assemble.ts';
import { cacheDirectory, fileHash } from './cache.ts';
import { hashCard, loadCard, type ModelCard } from './card.ts';
import { Network } from './embedder.ts';
import { type ConvolutionForm, convolutionForms } from './fast-convolutions/form.ts';
import { fastForm } from './fast-convolutions/rule.ts';
import { leastRows } from './least-rows.ts';
import { type SessionMemory, sessionMemory } from './memory.ts';
import { namedWeights } from './named-weights.ts';
import type { NetworkOptions } from './network-options.ts';
import { prepareParts } from './prepare.ts';
import { namedNetwork, networkNames } from './registry.ts';
import { rowsPerRun } from './rows-per-run.ts';
import { type WeightsFile, weightsFile } from './weights-origin.ts';

export type { NetworkOptions } from './network-options.ts';
export { Network };

/** How to run a network. */
export interface OpenOptions {
  /** Threads that each hold a session. Default 1. */
  readonly workers?: number;
  /** Threads inside one operation of a session. Default 1. */
  readonly threads?: number;
  /** Rows per batch at most. Default: the network's own. */
  readonly batch?: number;
  /** Where it is computed; the session is not created elsewhere instead. Default `cpu`. See `chooseDevice`. */
  readonly device?: Device;
}

/** How a network was put on 8-bit integers. */
interface Quantised {
  readonly parts: readonly OnnxGraph[];
  /** SHA-256 of the ranges and of the form. */
  readonly hash: string;
}

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

  /** How its convolutions are computed on a CPU: `direct` too where none pays in the fast form, and on 8-bit integers. */
  get convolutions(): ConvolutionForm {
    return this.#quantised === undefined && this.#assembled.fast !== undefined ? 'fast' : 'direct';
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
    return this.#with(card, { parts: [whole], fixedRows: this.#assembled.fixedRows }, cache, undefined);
  }

  #with(card: ModelCard, assembled: AssembledNetwork, cache: string, quantised: Quantised | undefined): NetworkPlan<T> {
    const { cardHash, weightsHash, random, weightsOrigin: origin, weightsFiles: files, defaultBatch: batch } = this;
    return new NetworkPlan<T>(card, cardHash, weightsHash, random, origin, files, batch, assembled, cache, quantised);
  }

  /** The graphs that are run on a CPU. */
  get #parts(): readonly OnnxGraph[] {
    return this.#quantised?.parts ?? this.#assembled.fast ?? this.#assembled.parts;
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

  /** Bytes of all weights, before any is transformed for the fast form. */
  get weightsBytes(): number {
    const { parts } = this.#quantised ?? this.#assembled;
    return parts.flatMap((part) => part.initializers).reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  #rows(index: number, batch: number): number {
    return rowsPerRun(this.#assembled, index, batch, this.convolutions);
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

  /**
   * Writes the network into the cache unless it is there, then creates its sessions one after another.
   *
   * @throws UsageError for a wrong setting; ModelError when the network cannot be run as its card says.
   */
  async open(options: OpenOptions = {}): Promise<Network<T>> {
    const workers = checkInteger('workers', options.workers ?? 1, 1, 256);
    const threads = checkInteger('threads', options.threads ?? 1, 1, 256);
    const batch = checkInteger('batch', options.batch ?? this.defaultBatch, 1, 1024);
    const device = checkOneOf('device', options.device ?? 'cpu', ['cpu', 'cuda', 'webgpu']);
    // A device has kernels of its own for convolutions: it is given the direct form.
    const isFast = this.convolutions === 'fast' && device === 'cpu';
    const parts = isFast || this.#quantised !== undefined ? this.#parts : this.#assembled.parts;
    const form = isFast ? [fastForm] : [];
    const identity = [
      this.cardHash,
      this.weightsHash,
      ...form,
      ...(this.rangesHash === undefined ? [] : [this.rangesHash]),
    ];
    const models = prepareParts(parts, identity, this.#cacheDirectory);
    const isBytes = this.card.input.kind === 'frames';
    const plan: SessionPlan = {
      name: this.name,
      dimension: this.dimension,
      batch,
      threads,
      device,
      parts: parts.map((part, index) => ({
        model: models[index] as string,
        input: part.inputs[0]?.name ?? '',
        output: part.outputs[0]?.name ?? '',
        inputType: isBytes && index === 0 ? 'uint8' : 'float32',
        rowShape: index === 0 ? (part.inputs[0]?.shape?.slice(1) ?? []).map(Number) : [],
        rows: this.#rows(index, batch),
        leastRows: this.#assembled.fixedRows ?? leastRows(part),
        prepack: this.#quantised !== undefined,
        arena: this.#quantised === undefined || part.nodes.some(({ operator }) => operator === 'Conv'),
      })),
    };
    const pool = await WorkerPool.open(plan, this.inputBytes, workers);
    return new Network<T>(pool, this.name, this.dimension, batch, workers, { rowLength: this.inputLength, isBytes });
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
  const convolutions = checkOneOf('convolutions', options.convolutions ?? 'fast', convolutionForms);
  const cache = cacheDirectory(options.cacheDirectory);
  const named = namedNetwork(nameOrCardPath, options);
  if (!named) {
    if (!/[./\\]/.test(nameOrCardPath)) {
      throw new UsageError(`there is no network '${nameOrCardPath}'`, {
        remedy: `Give one of ${networkNames.join(', ')}, or the path of a model card (JSON).`,
      });
    }
    return cardNetwork(nameOrCardPath, { ...options, convolutions }, cache);
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
  const assembled = assemble(card, graph, named.name, convolutions);
  const { hash, random, origin, files } = weights;
  return new NetworkPlan(card, cardHash, hash, random, origin, files, named.batch, assembled, cache);
}

function cardNetwork(path: string, options: NetworkOptions, cache: string): NetworkPlan {
  const { weights, weightsOrigin, layer, convolutions } = options;
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
  const assembled = assemble(card, graph, file, convolutions);
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
