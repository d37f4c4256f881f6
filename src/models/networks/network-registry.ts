import { UsageError } from '../../core/errors.ts';
import { elementTypes, type Initializer } from '../onnx/onnx-graph.ts';
import { alexnet } from './alexnet.ts';
import { type Architecture, architectureGraph, architectureTo } from './architecture.ts';
import type { NetworkCard } from './card.ts';
import type { NamedOptions, NetworkEntry, Postprocessing } from './network-entry.ts';
import { resnet50 } from './resnet50.ts';
import { squeezenet1_0, squeezenet1_1 } from './squeezenet.ts';
import { vgg16 } from './vgg16.ts';
import { vggish } from './vggish.ts';

/** A network that reelflow writes itself. */
export interface NamedNetwork {
  readonly name: string;
  readonly description: string;
  /** Aliases of its layers. */
  readonly layers: readonly string[];
  /** The network up to the chosen layer. */
  readonly architecture: Architecture;
  readonly card: NetworkCard;
  /** Default rows per batch: the fastest measured. */
  readonly batch: number;
}

/**
 * Every network by name. Each is defined entirely in its own file; names, sources of weights,
 * stored files and checks are derived from this record.
 */
const networks = { alexnet, vgg16, resnet50, squeezenet1_0, squeezenet1_1, vggish } as const satisfies Readonly<
  Record<string, NetworkEntry>
>;

/** Name of a network that reelflow writes itself. */
export type NetworkName = keyof typeof networks;

/** The buffer of one input of a named network: bytes of a frame, or samples of audio. */
export type NetworkReads<Name extends NetworkName> = (typeof networks)[Name]['reads'] extends 'audio'
  ? Float32Array
  : Uint8Array;

/** Names of the networks that reelflow writes itself. */
export const networkNames = Object.keys(networks) as readonly NetworkName[];

/** Whether reelflow writes a network of that name itself. */
export function isNetworkName(name: string): name is NetworkName {
  return Object.hasOwn(networks, name);
}

/** Everything about a named network. */
export function networkEntry(name: NetworkName): NetworkEntry {
  return networks[name];
}

/** The post-processing of a network; undefined if it has none or is not a named network. */
export function postprocessingOf(name: string): Postprocessing | undefined {
  const entry = isNetworkName(name) ? networkEntry(name) : undefined;
  return entry?.reads === 'audio' ? entry.postprocessing : undefined;
}

/** Names of the networks that have post-processing. */
export const postprocessedNetworks: readonly NetworkName[] = networkNames.filter((name) => postprocessingOf(name));

/**
 * A network by name, or undefined if there is none of that name.
 *
 * @throws UsageError if the network has no such layer, or does not take an option.
 *
 * @example
 * namedNetwork('alexnet')?.card.output.dimension; // 4096
 */
export function namedNetwork(name: string, options: NamedOptions = {}): NamedNetwork | undefined {
  return isNetworkName(name) ? networkFrom(name, networks[name], options) : undefined;
}

/**
 * A network from its registry entry.
 *
 * @throws UsageError like `namedNetwork`.
 */
export function networkFrom(name: string, entry: NetworkEntry, options: NamedOptions = {}): NamedNetwork {
  const described = entry.describe(options);
  const postprocessed = (options.postprocess ?? false) === false ? undefined : postprocessingLayer(name, entry);
  const architecture = architectureTo(described, options.layer ?? postprocessed);
  if (
    postprocessed !== undefined &&
    architecture.layers.length < architectureTo(described, postprocessed).layers.length
  ) {
    throw new UsageError(`\`postprocess\` has no effect on the layer '${options.layer}', which comes before it`, {
      option: 'postprocess',
    });
  }
  const output = { name: architecture.output, dimension: dimensionOf(architecture) };
  const card = cardOf(name, entry, options, described.input.shape, output);
  const layers = Object.keys(described.aliases);
  const description = `${entry.title} to ${output.name}: ${output.dimension} values per ${rowOf(card)}`;
  return { name, description, layers, architecture, card, batch: entry.batch };
}

function postprocessingLayer(name: string, entry: NetworkEntry): string {
  if (entry.reads === 'audio' && entry.postprocessing !== undefined) return entry.postprocessing.layer;
  throw new UsageError(`\`postprocess\` is for ${postprocessedNetworks.join(', ')}: ${name} has no post-processing`, {
    option: 'postprocess',
  });
}

function cardOf(
  name: string,
  entry: NetworkEntry,
  { resize = 'crop' }: NamedOptions,
  [, height, width]: Architecture['input']['shape'],
  output: NetworkCard['output'],
): NetworkCard {
  if (entry.reads === 'audio') return { name, modality: 'audio', input: entry.input, output };
  const input = { kind: 'frames', width, height, layout: 'NCHW', dtype: 'float32' } as const;
  return { name, modality: 'visual', input, preprocess: { resize, ...entry.pixels }, output };
}

/** What a row of the output is made from. */
function rowOf({ input }: NetworkCard): string {
  if (input.kind === 'frames') return `frame of ${input.width} x ${input.height}`;
  return `${input.hopSamples / input.sampleRate} s of sound at ${input.sampleRate / 1000} kHz`;
}

/** Values per row of an architecture's output. */
function dimensionOf(architecture: Architecture): number {
  const structureOnly = (name: string, shape: readonly number[]): Initializer => ({
    name,
    shape,
    elementType: elementTypes.float32,
    byteLength: 4 * shape.reduce((product, size) => product * size, 1),
    pieces: () => [],
  });
  const [, size] = architectureGraph(architecture, structureOnly).outputs[0]?.shape ?? [];
  return Number(size);
}
