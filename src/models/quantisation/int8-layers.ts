import { floatAttribute } from '../onnx/encoded-node.ts';
import { elementTypes, type Initializer, type OnnxGraph, type OnnxNode } from '../onnx/onnx-graph.ts';

/**
 * Operations that only move values, or choose among them: what enters has the scale of what leaves.
 */
const moving = new Set(['MaxPool', 'Flatten', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/** A layer that can be computed on 8-bit integers. */
export interface QuantisableLayer {
  readonly node: OnnxNode;
  readonly weights: Initializer;
  readonly bias: Initializer | undefined;
  /** Axis of the weights along which the output channels lie. */
  readonly axis: 0 | 1;
}

/** An activation that is kept in 8 bits. */
export interface QuantisableTensor {
  readonly name: string;
  /**
   * The tensor that is rounded: the input of a ReLU that rounding to unsigned integers makes
   * superfluous, else the tensor itself.
   */
  readonly source: string;
  /** The tensor whose range gives the scale: what a pooling or a reshaping took its values from. */
  readonly scaledAs: string;
}

/** The parts of a graph that can run in int8. */
export interface QuantisableParts {
  readonly layers: readonly QuantisableLayer[];
  readonly tensors: readonly QuantisableTensor[];
}

/**
 * Finds the convolutions and dense layers of a graph whose weights are float32 constants, and the
 * activations between them. Operations that it does not know, the graph's output and what leads to
 * it stay float32; so does all of a graph that holds graphs of its own.
 */
export function quantisableParts(graph: OnnxGraph): QuantisableParts {
  if (graph.nodes.some(({ hasSubgraph }) => hasSubgraph)) return { layers: [], tensors: [] };
  const links = new Links(graph);
  const layers = graph.nodes.flatMap((node) => layerOf(node, links) ?? []);
  const wanted = new Set<string>();
  const want = (name: string): void => {
    if (wanted.has(name) || links.outputs.has(name)) return;
    wanted.add(name);
    const maker = links.makers.get(name);
    const from = maker?.inputs[0];
    if (maker !== undefined && from !== undefined && moving.has(maker.operator) && !links.constants.has(from))
      want(from);
  };
  for (const { node } of layers) {
    want(node.inputs[0] as string);
    if (node.operator === 'Conv') want(links.afterRelu(node.outputs[0] as string));
  }
  const tensors = [...wanted].map((name) => ({
    name,
    source: links.beforeRelu(name),
    scaledAs: links.origin(name, wanted),
  }));
  return { layers: layers.filter(({ node }) => wanted.has(node.inputs[0] as string)), tensors };
}

function layerOf(node: OnnxNode, links: Links): QuantisableLayer | undefined {
  const { operator, inputs, attributes } = node;
  const floats = (name: string | undefined) => {
    const found = links.constants.get(name ?? '');
    return found?.elementType === elementTypes.float32 ? found : undefined;
  };
  const weights = floats(inputs[1]);
  const bias = floats(inputs[2]);
  if (weights === undefined || links.constants.has(inputs[0] ?? '') || (inputs[2] && bias === undefined))
    return undefined;
  if (operator === 'Conv') {
    // A convolution that gives the output would have to give float32: no kernel on integers does.
    const isEnd = links.outputs.has(links.afterRelu(node.outputs[0] as string));
    return isEnd ? undefined : { node, weights, bias, axis: 0 };
  }
  if (weights.shape.length !== 2) return undefined;
  if (operator === 'MatMul') return { node, weights, bias: undefined, axis: 1 };
  if (operator !== 'Gemm' || attributes.transA?.[0] === 1) return undefined;
  if ((floatAttribute(node, 'alpha') ?? 1) !== 1 || (floatAttribute(node, 'beta') ?? 1) !== 1) return undefined;
  const axis = attributes.transB?.[0] === 1 ? 0 : 1;
  const units = weights.shape[axis] as number;
  return bias !== undefined && bias.byteLength !== 4 * units ? undefined : { node, weights, bias, axis };
}

/** Who makes a tensor and who reads it. */
class Links {
  readonly constants: ReadonlyMap<string, Initializer>;
  readonly outputs: ReadonlySet<string>;
  readonly makers = new Map<string, OnnxNode>();
  readonly #readers = new Map<string, OnnxNode[]>();

  constructor(graph: OnnxGraph) {
    this.constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    this.outputs = new Set(graph.outputs.map(({ name }) => name));
    for (const node of graph.nodes) {
      for (const name of node.outputs) this.makers.set(name, node);
      for (const name of node.inputs) this.#readers.set(name, [...(this.#readers.get(name) ?? []), node]);
    }
  }

  /** The tensor after the ReLU that alone reads a tensor, or the tensor. */
  afterRelu(name: string): string {
    const [reader, ...others] = this.#readers.get(name) ?? [];
    const isOnly = reader?.operator === 'Relu' && others.length === 0 && !this.outputs.has(name);
    return isOnly ? (reader.outputs[0] as string) : name;
  }

  /** The tensor before the ReLU that makes a tensor, where nothing else reads it, or the tensor. */
  beforeRelu(name: string): string {
    const maker = this.makers.get(name);
    const before = maker?.operator === 'Relu' ? maker.inputs[0] : undefined;
    const isMade = before !== undefined && this.makers.has(before);
    return isMade && this.afterRelu(before) === name ? before : name;
  }

  /** Where the values of a tensor come from through operations that only move them. */
  origin(name: string, among: ReadonlySet<string>): string {
    const maker = this.makers.get(name);
    const from = maker && moving.has(maker.operator) ? maker.inputs[0] : undefined;
    return from !== undefined && among.has(from) ? this.origin(from, among) : name;
  }
}
