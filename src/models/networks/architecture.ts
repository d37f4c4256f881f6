import { UsageError } from '../../core/errors.ts';
import { elementTypes, type Initializer, node, type OnnxGraph, ownOpset } from '../onnx/onnx-graph.ts';
import type { TensorRole } from '../weights/random-weights.ts';
import { GraphDraft, type WantedTensor } from './graph-draft.ts';
import { draftLayer } from './network-layers.ts';

/**
 * A convolution with a bias, or without one and with batch normalisation (epsilon 1e-5) after it.
 */
export interface ConvolutionLayer {
  readonly kind: 'convolution';
  /** Name of its tensors: `<name>.weight`, `<name>.bias`. */
  readonly name: string;
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number | undefined;
  readonly padding?: number | undefined;
  /**
   * Name of the tensors of the batch normalisation: `<batchNorm>.weight`, `.bias`, `.running_mean`,
   * `.running_var`.
   */
  readonly batchNorm?: string | undefined;
  readonly activation: 'relu' | 'linear';
  /**
   * Name of the activation; by default the number after the convolution's, as in a `Sequential` of
   * PyTorch.
   */
  readonly activationName?: string | undefined;
}

/** One layer of a feed-forward network, in order. Dense layers have a bias. */
export type Layer =
  | ConvolutionLayer
  | {
      readonly kind: 'max-pool';
      readonly kernel: number;
      readonly stride: number;
      readonly padding?: number | undefined;
      /** Whether a window that extends past the edge counts too. */
      readonly ceil?: true | undefined;
      /** By default the number after the layer before it, as in a `Sequential` of PyTorch. */
      readonly name?: string | undefined;
    }
  | {
      readonly kind: 'global-average-pool';
      readonly name: string;
      /** A side branch: the next layer reads the same input as this one. */
      readonly aside?: true | undefined;
    }
  /**
   * SqueezeNet's module (Iandola et al. 2016): a 1x1 convolution, then 1x1 and 3x3 convolutions
   * side by side.
   */
  | { readonly kind: 'fire'; readonly name: string; readonly squeeze: number; readonly expand: number }
  /**
   * ResNet's block (He et al. 2015): 1x1, 3x3 and 1x1 convolutions to 4 times `channels`, added to
   * their input.
   */
  | {
      readonly kind: 'bottleneck';
      readonly name: string;
      readonly channels: number;
      readonly stride?: number | undefined;
      /** The input goes through a 1x1 convolution, because the shape changes. */
      readonly projection?: true | undefined;
    }
  /**
   * Flattens to one vector per row; `channels-last` first puts the channels of each position
   * together, as TensorFlow does.
   */
  | { readonly kind: 'flatten'; readonly order: 'channels-first' | 'channels-last' }
  | { readonly kind: 'dense'; readonly name: string; readonly units: number; readonly activation: 'relu' | 'linear' }
  /** VGGish's post-processing: PCA with whitening, clipped to +-2, then integers 0..255. */
  | { readonly kind: 'whiten-quantise'; readonly name: string };

/** A network up to one of its tensors, described so that its ONNX graph can be written. */
export interface Architecture {
  readonly name: string;
  /** Name and shape of its float32 input, channels first, without the batch. */
  readonly input: { readonly name: string; readonly shape: readonly [channels: number, height: number, width: number] };
  /** The layers up to the one that makes the output. */
  readonly layers: readonly Layer[];
  /** Name of its output: a tensor's name, or any other name for the last layer's output. */
  readonly output: string;
}

/** A network with all its layers, any tensor of which can be the output. */
export interface NetworkDescription extends Omit<Architecture, 'output'> {
  /** The default output. */
  readonly defaultLayer: string;
  /** Further names of tensors. If a tensor has several, cards use the first. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** Makes a layer's tensor; `role` says what it is for: see `randomTensor`. */
export type TensorMaker = (name: string, shape: readonly number[], role: TensorRole) => Initializer;

function draftOf({ input, layers }: Pick<Architecture, 'input' | 'layers'>): GraphDraft {
  const draft = new GraphDraft(input.name, input.shape);
  for (const [index, layer] of layers.entries()) {
    draft.layer = index;
    draftLayer(draft, layer);
  }
  return draft;
}

/**
 * A network up to one of its tensors.
 *
 * @param layer - name of a tensor, or an alias; by default the network's default layer.
 * @throws UsageError if the network has no such tensor; the message names those it has.
 *
 * @example
 * declare const alexnet: NetworkDescription;
 * architectureTo(alexnet, 'fc6').layers.length; // 10
 */
export function architectureTo(description: NetworkDescription, layer = description.defaultLayer): Architecture {
  const { name, input, layers, aliases } = description;
  const draft = draftOf(description);
  const tensor = (Object.hasOwn(aliases, layer) ? aliases[layer] : undefined) ?? layer;
  const made = draft.nodes.find(({ output }) => output === tensor);
  if (!made) {
    const names = draft.nodes.map(({ output }) => output);
    const head = layer.split('.')[0] as string;
    const near = names.filter((other) => other.split('.')[0] === head);
    const listed = [...new Set([...Object.keys(aliases), ...(near.length > 0 ? near : names)])];
    throw new UsageError(
      `${name} has no layer '${layer}'; it has ${listed.slice(0, 24).join(', ')}${listed.length > 24 ? ', ...' : ''}`,
      { remedy: 'See docs/networks.md for the layers of each network.' },
    );
  }
  const upTo = layers.slice(0, made.layer + 1);
  const isEnd = draft.nodes.findLast((other) => other.layer === made.layer) === made;
  const alias = Object.entries(aliases).find(([, target]) => target === tensor)?.[0];
  return { name, input, layers: upTo, output: isEnd && alias !== undefined ? alias : tensor };
}

/** A network to its last tensor. */
export function wholeArchitecture(description: NetworkDescription): Architecture {
  const { name, input, layers } = description;
  return { name, input, layers, output: draftOf(description).nodes.at(-1)?.output ?? input.name };
}

/** The name of an architecture's output inside its draft. */
function targetOf(draft: GraphDraft, output: string): string {
  return draft.nodes.some((made) => made.output === output) ? output : (draft.nodes.at(-1)?.output ?? output);
}

/**
 * The weight tensors that an architecture needs, in order of the layers: only those that its output
 * depends on.
 */
export function wantedTensors(architecture: Architecture): readonly WantedTensor[] {
  const draft = draftOf(architecture);
  const used = draft.reaching(targetOf(draft, architecture.output));
  const wanted = draft.initializersOf(used).flatMap(({ needs }) => needs);
  return [...new Map(wanted.map((tensor) => [tensor.name, tensor])).values()];
}

/**
 * The graph of an architecture: float32 [N, C, H, W] in, float32 [N, D] out; an output with
 * positions is flattened, channels first. Tensors have the names of torchvision's modules (a
 * module's name is the name of its output).
 *
 * @example
 * declare const alexnet: NetworkDescription;
 * declare const randomTensor: TensorMaker;
 * architectureGraph(architectureTo(alexnet), randomTensor);
 */
export function architectureGraph(architecture: Architecture, tensor: TensorMaker): OnnxGraph {
  const { input, output } = architecture;
  const draft = draftOf(architecture);
  const target = targetOf(draft, output);
  const used = draft.reaching(target);
  const shape = draft.shapeOf(target);
  const isFlat = shape.length === 1;
  // The output has its own name; if a flattening follows, its input has another.
  const renamed = (name: string) => (name !== target ? name : isFlat ? output : `${output}.positions`);
  const nodes = used.map(({ operator, inputs, output: made, attributes }) =>
    node(operator, inputs.map(renamed), [renamed(made)], attributes),
  );
  if (!isFlat) nodes.push(node('Flatten', [renamed(target)], [output], { axis: 1 }));
  const size = shape.reduce((product, axis) => product * axis, 1);
  return {
    nodes,
    initializers: draft.initializersOf(used).map(({ make }) => make(tensor)),
    inputs: [{ name: input.name, elementType: elementTypes.float32, shape: ['N', ...input.shape] }],
    outputs: [{ name: output, elementType: elementTypes.float32, shape: ['N', size] }],
    opsets: { '': ownOpset },
    irVersion: 8,
    functions: [],
  };
}
