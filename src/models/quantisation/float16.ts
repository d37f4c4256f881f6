import { ModelError } from '../../core/errors.ts';
import { domainOf, withInputs, withOutputs } from '../onnx/encoded-node.ts';
import { inferShapes } from '../onnx/infer-shapes.ts';
import { elementTypes, type Initializer, node, type OnnxGraph, type OnnxNode } from '../onnx/onnx-graph.ts';
import { readsOf } from '../onnx/sort.ts';
import { float16Constant } from './float16-weights.ts';

/** Raise when the same graph gives another one in float16: part of such a network's identity. */
export const float16Form = 'reelflow-float16-1';

/** What devices have fast kernels for in float16. */
const layers = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * Operations that stay in float16 where all that they read is: none of them adds up many values.
 * With the operator set since which devices have them in float16.
 */
const following: Readonly<Record<string, number>> = {
  ...{ Relu: 6, LeakyRelu: 6, Sigmoid: 6, Clip: 12, Add: 7, Sub: 7, Mul: 7, MaxPool: 8 },
  ...{ Concat: 4, Flatten: 1, Reshape: 5, Transpose: 1, Squeeze: 1, Unsqueeze: 1, Identity: 1 },
};

/**
 * A float32 graph with its convolutions and products of matrices, and what is cheap between them,
 * in float16: weights are stored so, activations are so. What enters, what leaves and every other
 * operation (normalisations, means, softmax, the preprocessing in front) stays float32.
 *
 * @param isFixed - whether an operation is to stay as it is.
 * @throws ModelError `precision` when the graph has nothing that float16 could take.
 */
export function inFloat16(graph: OnnxGraph, isFixed: (node: OnnxNode) => boolean): OnnxGraph {
  const conversion = new Conversion(graph, isFixed);
  const converted = conversion.run();
  return conversion.count === 0 ? graph : converted;
}

/** `inFloat16` for all parts of a network, of which one at least has to have something to convert. */
export function partsInFloat16(
  parts: readonly OnnxGraph[],
  isFixed: (node: OnnxNode) => boolean,
  name: string,
): readonly OnnxGraph[] {
  const converted = parts.map((part) => inFloat16(part, isFixed));
  if (converted.some((part, index) => part !== parts[index])) return converted;
  throw new ModelError('precision', `${name} has no convolution or dense layer in float32 that float16 could take`, {
    remedy: "Use `precision: 'float32'`.",
  });
}

const label = (name: string) => `reelflow.float16:${name}`;

class Conversion {
  /** Layers that were converted. */
  count = 0;
  readonly #nodes: OnnxNode[] = [];
  readonly #made = new Map<string, Initializer>();
  /** Activations that are there in float16. */
  readonly #halves = new Set<string>();
  /** Activations that are there under their own names. */
  readonly #there: Set<string>;
  readonly #constants: ReadonlyMap<string, Initializer>;
  readonly #types: ReadonlyMap<string, number>;

  constructor(
    readonly graph: OnnxGraph,
    readonly isFixed: (node: OnnxNode) => boolean,
  ) {
    this.#constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    this.#there = new Set([...this.#constants.keys(), ...graph.inputs.map(({ name }) => name)]);
    this.#types = inferShapes(graph).types;
  }

  run(): OnnxGraph {
    for (const given of this.graph.nodes) {
      if (this.#takesHalf(given)) this.#half(given);
      else {
        for (const name of readsOf(given)) this.#demand(name);
        this.#nodes.push(given);
        for (const name of given.outputs) this.#there.add(name);
      }
    }
    for (const { name } of this.graph.outputs) this.#demand(name);
    const read = new Set(this.#nodes.flatMap((each) => readsOf(each)));
    const kept = this.graph.initializers.filter(({ name }) => read.has(name));
    return { ...this.graph, nodes: this.#nodes, initializers: [...kept, ...this.#made.values()] };
  }

  /** The names that an operation reads float32 from. */
  #floats(given: OnnxNode): readonly string[] {
    return given.inputs.filter((name) => this.#types.get(name) === elementTypes.float32);
  }

  #takesHalf(given: OnnxNode): boolean {
    const { operator, inputs, outputs, hasSubgraph } = given;
    const isLayer = layers.has(operator);
    const since = Object.hasOwn(following, operator) ? following[operator] : undefined;
    if (!isLayer && !(since !== undefined && (this.graph.opsets[''] ?? 0) >= since)) return false;
    if (hasSubgraph || outputs.filter((name) => name !== '').length !== 1 || domainOf(given) !== '') return false;
    const floats = this.#floats(given);
    const activations = floats.filter((name) => !this.#constants.has(name));
    if (floats.length === 0 || activations.length === 0 || this.isFixed(given)) return false;
    if (isLayer) return floats.length === inputs.filter((name) => name !== '').length;
    return activations.every((name) => this.#halves.has(name));
  }

  #half(given: OnnxNode): void {
    const floats = new Set(this.#floats(given));
    const inputs = given.inputs.map((name) => (floats.has(name) ? this.#halfOf(name) : name));
    const output = given.outputs[0] as string;
    this.#nodes.push(withOutputs(withInputs(given, inputs), [label(output)]));
    this.#halves.add(output);
    if (layers.has(given.operator)) this.count += 1;
  }

  /** The name of a tensor in float16, which is made unless it is there. */
  #halfOf(name: string): string {
    const constant = this.#constants.get(name);
    if (constant !== undefined) {
      if (!this.#made.has(name)) this.#made.set(name, float16Constant(label(name), constant));
    } else if (!this.#halves.has(name)) {
      this.#nodes.push(node('Cast', [name], [label(name)], { to: elementTypes.float16 }));
      this.#halves.add(name);
    }
    return label(name);
  }

  /** Makes a tensor be there under its own name, in float32. */
  #demand(name: string): void {
    if (this.#there.has(name) || !this.#halves.has(name)) return;
    this.#nodes.push(node('Cast', [label(name)], [name], { to: elementTypes.float32 }));
    this.#there.add(name);
  }
}
