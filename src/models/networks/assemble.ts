import { ModelError } from '../../core/errors.ts';
import { cutAtDense, reachable } from '../onnx/cut-network.ts';
import { rowSizes } from '../onnx/infer-shapes.ts';
import { elementTypes, type GraphValue, type OnnxGraph } from '../onnx/onnx-graph.ts';
import type { NetworkCard } from './card.ts';
import type { ConvolutionForm } from './fast-convolutions/form.ts';
import { withFastConvolutions } from './fast-convolutions/rewrite.ts';
import { logMelPrefix } from './log-mel.ts';
import { scalesByBatch } from './min-rows.ts';
import { type Prefix, pixelPrefix, samplePrefix } from './preprocess.ts';

/** The operators of a prefix have had the same meaning since this version. */
const minOpset = 7;

/** A network ready to be written, with its preprocessing in front. */
export interface AssembledNetwork {
  /** Whole, as devices run it. */
  readonly whole: OnnxGraph;
  /** Cut into parts that run different numbers of rows, as on the CPU. */
  readonly parts: readonly OnnxGraph[];
  /** Which of the parts have convolutions; these run few rows at once. */
  readonly convolutional: readonly boolean[];
  /**
   * The same network with its convolutions in the fast form, if that was requested and pays for at
   * least one.
   */
  readonly fast?: AssembledNetwork | undefined;
  /**
   * Rows per run: 1 if the file has a fixed batch of 1 or its rows must run alone, else undefined.
   */
  readonly fixedRows: number | undefined;
}

/**
 * Puts a card's preprocessing in front of a network's graph, makes the card's output the only one,
 * and cuts the graph into parts.
 *
 * @param origin - what messages call the network's file.
 * @param convolutions - `fast` produces both forms.
 * @throws ModelError `card` if the graph does not match the card; the message names what the graph
 * has.
 */
export function assemble(
  card: NetworkCard,
  graph: OnnxGraph,
  origin: string,
  convolutions: ConvolutionForm = 'direct',
): AssembledNetwork {
  const opset = graph.opsets[''] ?? 0;
  if (opset < minOpset) {
    throw new ModelError('weights', `${origin} uses ONNX operator set ${opset}; at least ${minOpset} is needed`, {
      remedy: 'Export it again, or convert it with onnx.version_converter.',
    });
  }
  const output = findOutput(card, graph, origin);
  const network = reachable(graph, output);
  const input = findInput(card, network, origin);
  const isAlone = card.alone === true || scalesByBatch(network);
  const fixedRows = checkInput(card, input, origin) ?? (isAlone ? 1 : undefined);
  const prefix = prefixOf(card, input.name);
  const whole: OnnxGraph = {
    ...network,
    nodes: [...prefix.nodes, ...network.nodes],
    initializers: [...prefix.initializers, ...network.initializers],
    inputs: [prefix.input],
  };
  const parts = fixedRows === undefined ? cutAtDense(whole) : [whole];
  const convolutional = parts.map(({ nodes }) => nodes.some(({ operator }) => operator === 'Conv'));
  const direct = { whole, parts, convolutional, fixedRows };
  if (convolutions === 'direct') return direct;
  const rewritten = parts.map((part) => withFastConvolutions(part));
  if (rewritten.every((part) => part.convolutions === 0)) return direct;
  return { ...direct, fast: { ...direct, parts: rewritten.map((part) => part.graph) } };
}

function prefixOf(card: NetworkCard, target: string): Prefix {
  const { input } = card;
  if (input.kind === 'frames') {
    const rules = card.preprocess ?? { channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
    return pixelPrefix({ ...input, ...rules }, target);
  }
  if (input.kind === 'pcm') return samplePrefix(input.patchSamples, input.layout as 'NS' | 'N1S' | 'NS1', target);
  return logMelPrefix(input.frames ?? 96, input.layout as 'N1FB' | 'NFB' | 'NFB1' | 'N1BF' | 'NBF', target);
}

const listed = (names: readonly string[]) =>
  names
    .slice(0, 12)
    .map((name) => `'${name}'`)
    .join(', ') + (names.length > 12 ? ', ...' : '');

function findOutput(card: NetworkCard, graph: OnnxGraph, origin: string): GraphValue {
  const { name, dimension } = card.output;
  const declared = graph.outputs.find((value) => value.name === name);
  if (!declared) {
    const tensors = graph.nodes.flatMap((node) => node.outputs);
    if (tensors.includes(name)) return { name, elementType: elementTypes.float32 };
    throw new ModelError(
      'card',
      `${origin} has no tensor '${name}' for \`output.name\`; its outputs are ${listed(graph.outputs.map((value) => value.name))}, and its last tensors ${listed(tensors.slice(-8))}`,
    );
  }
  if (declared.elementType !== elementTypes.float32) {
    throw new ModelError(
      'card',
      `output '${name}' of ${origin} is not float32 (ONNX element type ${declared.elementType})`,
    );
  }
  const sizes = declared.shape?.slice(1) ?? [];
  const length = sizes.reduce<number>((product, size) => product * (typeof size === 'number' ? size : Number.NaN), 1);
  if (declared.shape && !Number.isNaN(length) && length !== dimension) {
    throw new ModelError(
      'card',
      `\`output.dimension\` is ${dimension}, but output '${name}' of ${origin} has ${length} values per row ([${declared.shape.join(', ')}])`,
    );
  }
  return declared;
}

/**
 * Makes a tensor of a network's file the output instead of the card's; its values per row follow
 * from the card's input and the shapes of the operations before it.
 *
 * @throws ModelError `card` if there is no such tensor (the message names some that exist), or if
 * its size cannot be inferred.
 */
export function outputAt(card: NetworkCard, graph: OnnxGraph, layer: string, origin: string): NetworkCard['output'] {
  const tensors = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  if (!tensors.includes(layer)) {
    throw new ModelError(
      'card',
      `${origin} has no tensor '${layer}'; its last tensors are ${listed(tensors.slice(-12))}`,
    );
  }
  const output = { name: layer, elementType: elementTypes.float32 };
  const network = reachable(graph, output);
  const known = new Map(network.inputs.map(({ name }) => [name, [1, ...describedShape(card)]] as const));
  const dimension = rowSizes(network, known).outputs.get(layer);
  if (dimension === undefined) {
    throw new ModelError('card', `the number of values per row of tensor '${layer}' of ${origin} cannot be inferred`, {
      remedy: 'Write a network card with `output.name` and `output.dimension`.',
    });
  }
  return { name: layer, dimension };
}

function findInput(card: NetworkCard, graph: OnnxGraph, origin: string): GraphValue {
  const names = graph.inputs.map(({ name }) => name);
  const wanted = card.input.name;
  if (wanted !== undefined && !names.includes(wanted)) {
    throw new ModelError(
      'card',
      `${origin} has no input '${wanted}' for \`input.name\`; its inputs are ${listed(names)}`,
    );
  }
  const [first] = graph.inputs;
  if (graph.inputs.length !== 1 || !first) {
    throw new ModelError(
      'card',
      `${origin} needs ${graph.inputs.length} inputs for output '${card.output.name}' (${listed(names)}); a network with exactly one is needed`,
    );
  }
  return first;
}

/** Axes that the card describes, without the batch. */
function describedShape(card: NetworkCard): readonly number[] {
  const { input } = card;
  if (input.kind === 'frames') {
    return input.layout === 'NCHW' ? [3, input.height, input.width] : [input.height, input.width, 3];
  }
  const sizes: Record<string, number> = { 1: 1, S: input.patchSamples, F: input.frames ?? 0, B: 64 };
  return [...input.layout.slice(1)].map((axis) => sizes[axis] as number);
}

function checkInput(card: NetworkCard, input: GraphValue, origin: string): number | undefined {
  const dtype = card.input.kind === 'frames' ? card.input.dtype : 'float32';
  if (input.elementType !== elementTypes[dtype]) {
    const has =
      { 1: 'float32', 2: 'uint8', 10: 'float16', 11: 'float64' }[input.elementType] ??
      `ONNX element type ${input.elementType}`;
    throw new ModelError('card', `input '${input.name}' of ${origin} is ${has}, but the card says ${dtype}`);
  }
  if (!input.shape) return undefined;
  const described = describedShape(card);
  const [rows, ...axes] = input.shape;
  const fits =
    axes.length === described.length &&
    axes.every((size, index) => typeof size === 'string' || size === described[index]);
  if (!fits) {
    throw new ModelError(
      'card',
      `input '${input.name}' of ${origin} has shape [${input.shape.join(', ')}], but the card says [N, ${described.join(', ')}]${card.input.kind === 'frames' ? ` (${card.input.layout}, ${card.input.width}x${card.input.height})` : ` (${card.input.layout})`}`,
    );
  }
  if (typeof rows === 'string' || rows === undefined) return undefined;
  if (rows !== 1) {
    throw new ModelError('card', `input '${input.name}' of ${origin} has a fixed batch of ${rows}`, {
      remedy: 'Export the network with a batch of any size (a symbolic first axis).',
    });
  }
  return 1;
}
