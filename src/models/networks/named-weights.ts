import { ModelError, UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { nearestOf } from '../../core/nearest.ts';
import { printableStart } from '../../core/printable.ts';
import { finiteInitializer } from '../weights/finite-pieces.ts';
import { parseRandomWeights, randomTensor, randomWeightsHash } from '../weights/random-weights.ts';
import { floatInitializer, readWeights, type WeightFile, type WeightTensor } from '../weights/weight-file.ts';
import { type Architecture, type TensorMaker, wantedTensors, wholeArchitecture } from './architecture.ts';
import { fileHash } from './cache.ts';
import type { WantedTensor } from './graph-draft.ts';
import {
  isNetworkName,
  type NetworkName,
  namedNetwork,
  networkEntry,
  networkNames,
  postprocessingOf,
} from './network-registry.ts';
import { type KnownOrigin, type WeightsFile, weightsFile } from './weights-origin.ts';

/** The weights of a named network: where each tensor comes from, and what identifies them. */
export interface NamedWeights {
  readonly tensor: TensorMaker;
  /**
   * SHA-256 of the file, of both files if post-processing has its own, or of the recipe for random
   * weights.
   */
  readonly hash: string;
  readonly random: boolean;
  /** `random:SEED`, or the path of the file. */
  readonly origin: string;
  /** The files, each with its own hash; none if all weights are random. */
  readonly files: readonly WeightsFile[];
}

/** A message lists at most this many tensors. */
const maxListed = 12;
/** Names come from the file, which may be hostile. */
const longestName = 200;
/**
 * Post-processing's parameters are also found under this prefix, as in a state dict of the whole
 * PyTorch port.
 */
const postprocessPrefix = 'pproc.';

const isPostprocessing = (name: string) => name.startsWith('pca_');
const written = (shape: readonly number[]) => `[${shape.join(', ')}]`;

function find(file: WeightFile, name: string): WeightTensor | undefined {
  const exact = file.tensors.get(name);
  return exact ?? (isPostprocessing(name) ? file.tensors.get(`${postprocessPrefix}${name}`) : undefined);
}

/** The means are a column in the PyTorch port and a row in the TensorFlow release. */
function fits(wanted: WantedTensor, { shape }: WeightTensor): boolean {
  const axes = wanted.name === 'pca_means' ? shape.filter((size) => size !== 1) : shape;
  return axes.length === wanted.shape.length && axes.every((size, index) => size === wanted.shape[index]);
}

function listed(entries: readonly string[]): string {
  const more = entries.length - maxListed;
  return `${entries
    .slice(0, maxListed)
    .map((name) => printableStart(name, longestName))
    .join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/**
 * Prefixes that wrappers put before all tensor names, possibly several at once: DataParallel,
 * torch.compile, Lightning.
 */
const wrapperPrefix = /^(?:module\.|_orig_mod\.|model\.)+$/;

/** The file without the prefixes that wrappers put before the names of the wanted tensors. */
function unwrapped(file: WeightFile, wanted: readonly WantedTensor[]): WeightFile {
  const prefix = sharedPrefix(file, wanted);
  if (prefix === undefined || !wrapperPrefix.test(prefix)) return file;
  const strip = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const tensors = new Map([...file.tensors].map(([name, tensor]) => [strip(name), { ...tensor, name: strip(name) }]));
  const unread = new Map([...file.unread].map(([name, why]) => [strip(name), why]));
  return { ...file, tensors, unread };
}

/**
 * The prefix of all wanted tensor names in a file, as in `model.features.0.weight`, or undefined.
 */
function sharedPrefix(file: WeightFile, wanted: readonly WantedTensor[]): string | undefined {
  const first = wanted[0]?.name;
  const names = [...file.tensors.keys()];
  const prefix = names
    .find((name) => first !== undefined && name.endsWith(`.${first}`))
    ?.slice(0, -(first ?? '').length);
  return prefix !== undefined && wanted.every(({ name }) => file.tensors.has(prefix + name)) ? prefix : undefined;
}

/** The wanted tensors that a file lacks or has in another shape; empty if it has them all. */
function complaints(file: WeightFile, wanted: readonly WantedTensor[]): readonly string[] {
  const missing = wanted
    .filter(({ name }) => !find(file, name))
    .map(({ name, shape }) => {
      const why = file.unread.get(name);
      return `${name} ${written(shape)}${why === undefined ? '' : ` (the file ${why})`}`;
    });
  const wrong = wanted.flatMap((tensor) => {
    const found = find(file, tensor.name);
    if (!found || fits(tensor, found)) return [];
    return [`${tensor.name} is ${written(found.shape)} instead of ${written(tensor.shape)}`];
  });
  return [
    ...(missing.length > 0 ? [`missing: ${listed(missing)}`] : []),
    ...(wrong.length > 0 ? [`of another shape: ${listed(wrong)}`] : []),
  ];
}

function noNetwork(name: string): UsageError {
  const near = nearestOf(name, networkNames);
  return new UsageError(`there is no network '${name}'; the names are ${networkNames.join(', ')}`, {
    remedy: near === undefined ? undefined : `Did you mean '${near}'?`,
  });
}

/** The naming scheme of a network's weight tensors. */
function namesWanted(name: string): string {
  const names = isNetworkName(name) ? networkEntry(name).weights.tensorNames : 'the network';
  return `Give a state dict with the tensor names of ${names}; see docs/networks.md.`;
}

function requireTensors(
  what: string,
  file: WeightFile,
  wanted: readonly WantedTensor[],
  remedy: string | undefined,
  known: readonly WantedTensor[] = wanted,
): void {
  const found = complaints(file, wanted);
  if (found.length === 0) return;
  const names = new Set(known.flatMap(({ name }) => [name, `${postprocessPrefix}${name}`]));
  const unknown = [...file.tensors.keys()].filter((name) => !names.has(name) && !name.endsWith('.num_batches_tracked'));
  const hint = unknown.length > 0 ? ` (tensors that ${what} does not know: ${listed(unknown)})` : '';
  const prefix = sharedPrefix(file, wanted);
  throw new ModelError('weights', `${file.path} does not contain the weights of ${what}; ${found.join('; ')}${hint}`, {
    remedy:
      prefix === undefined
        ? remedy
        : `Its names begin with '${printableStart(prefix, longestName)}': save the state dict of the inner module, without it.`,
  });
}

/**
 * Every tensor that a network may need, whichever layer is its output: those of its layers and of
 * its post-processing.
 */
export function networkTensors(name: NetworkName): {
  readonly own: readonly WantedTensor[];
  readonly postprocessing: readonly WantedTensor[];
} {
  const all = wantedTensors(wholeArchitecture(networkEntry(name).describe({})));
  return {
    own: all.filter((tensor) => !isPostprocessing(tensor.name)),
    postprocessing: all.filter((tensor) => isPostprocessing(tensor.name)),
  };
}

/**
 * Asserts that a file holds the parameters of a network's post-processing, in the right shapes.
 *
 * @throws ModelError `weights` listing what is missing.
 */
export function checkPostprocessing(name: NetworkName, file: WeightFile): void {
  requireTensors(
    `${name}'s post-processing`,
    file,
    networkTensors(name).postprocessing,
    postprocessingOf(name)?.remedy,
  );
}

/**
 * Asserts that a file holds the weights of a named network: everything that its default layer
 * needs, and any further tensors of the network, in the right shapes. Unknown tensors are ignored.
 * Reads no values.
 *
 * @throws UsageError if there is no network of that name; ModelError `weights` listing what is
 * missing or of another shape.
 *
 * @example
 * checkWeights('alexnet', readWeights('alexnet-owt-7be5be79.pth'));
 */
export function checkWeights(name: string, given: WeightFile): void {
  const network = namedNetwork(name);
  if (!network || !isNetworkName(name)) throw noNetwork(name);
  const needed = wantedTensors(network.architecture);
  const file = unwrapped(given, needed);
  const { own, postprocessing } = networkTensors(name);
  const all = [...own, ...postprocessing];
  const isNeeded = new Set(needed.map((tensor) => tensor.name));
  const optional = all.filter((tensor) => !isNeeded.has(tensor.name) && find(file, tensor.name));
  requireTensors(name, file, [...needed, ...optional], namesWanted(name), all);
}

/**
 * The layers of a named network, by alias, whose tensors are missing from a file that passes
 * `checkWeights`. VGGish's post-processing does not count: its parameters usually come in their own
 * file.
 *
 * @throws UsageError if there is no network of that name.
 */
export function lackingLayers(name: string, given: WeightFile): readonly string[] {
  const network = namedNetwork(name);
  if (!network) throw noNetwork(name);
  const file = unwrapped(given, wantedTensors(network.architecture));
  return network.layers.filter((layer) => {
    const architecture = namedNetwork(name, { layer })?.architecture;
    const wanted = architecture === undefined ? [] : wantedTensors(architecture);
    return !wanted.some((tensor) => isPostprocessing(tensor.name)) && wanted.some((tensor) => !find(file, tensor.name));
  });
}

/**
 * The weights of an architecture. Files are hashed and their structure is read; values are read
 * when the network is written.
 *
 * @param weights - `random:SEED`, or the path of a weight file.
 * @param postprocess - path of the parameters of VGGish's post-processing, if they are in their own
 * file.
 * @param cache - where hashes of files are remembered.
 * @param known - what is known about the two files besides their content.
 * @throws ModelError `weights` if a file cannot be read or lacks tensors that are needed.
 */
export function namedWeights(
  architecture: Architecture,
  weights: string,
  postprocess: string | undefined,
  cache: string,
  known: { readonly weights?: KnownOrigin | undefined; readonly postprocess?: KnownOrigin | undefined } = {},
): NamedWeights {
  const { name } = architecture;
  const wanted = wantedTensors(architecture);
  const ofOwnFile = postprocess === undefined ? [] : wanted.filter((tensor) => isPostprocessing(tensor.name));
  const ofWeights = wanted.filter((tensor) => !ofOwnFile.includes(tensor));
  const main = weights.startsWith('random:')
    ? randomSource(parseRandomWeights(weights), ofWeights)
    : fileSource({ what: name, remedy: namesWanted(name) }, weights, ofWeights, wanted, cache);
  const random = weights.startsWith('random:');
  const files = random ? [] : [weightsFile('weights', main.hash, weights, known.weights)];
  if (postprocess === undefined) return { ...main, random, origin: weights, files };
  const parameters = { what: `${name}'s post-processing`, remedy: postprocessingOf(name)?.remedy };
  const own = fileSource(parameters, postprocess, ofOwnFile, wanted, cache);
  return {
    tensor: (tensor, shape, role) => (isPostprocessing(tensor) ? own : main).tensor(tensor, shape, role),
    hash: sha256([main.hash, own.hash].join('\n')),
    random,
    origin: weights,
    files: [...files, weightsFile('postprocess', own.hash, postprocess, known.postprocess)],
  };
}

type Source = Pick<NamedWeights, 'tensor' | 'hash'>;

function randomSource(seed: number, wanted: readonly WantedTensor[]): Source {
  return {
    tensor: (name, shape, role) => randomTensor(seed, name, shape, role),
    hash: randomWeightsHash(seed, wanted),
  };
}

function fileSource(
  { what, remedy }: { readonly what: string; readonly remedy: string | undefined },
  path: string,
  wanted: readonly WantedTensor[],
  known: readonly WantedTensor[],
  cache: string,
): Source {
  const file = unwrapped(readWeights(path), wanted);
  requireTensors(what, file, wanted, remedy, known);
  return {
    tensor: (name, shape) => {
      const found = find(file, name);
      if (!found) throw new ModelError('weights', `${path} has no tensor ${name} ${written(shape)}`);
      // The shape that the graph expects: a column of means becomes a row.
      return finiteInitializer({ ...floatInitializer(found, name), shape }, path);
    },
    hash: fileHash(path, cache),
  };
}
