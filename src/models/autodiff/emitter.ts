import { UsageError } from '../../core/errors.ts';
import {
  type AttributeValue,
  constant,
  elementTypes,
  type GraphValue,
  type Initializer,
  node,
  type OnnxGraph,
  type OnnxNode,
  ownOpset,
} from '../onnx/onnx-graph.ts';

/**
 * Size of an axis: a number, or the name of an axis whose size is known only when the graph runs,
 * such as `batch`.
 */
export type Dimension = number | string;

/** Element type of a tensor; `real` is float32, or float64 if the emitter is created with it. */
export type TensorType = 'real' | 'int32' | 'int64' | 'bool';

/** Precision of all `real` tensors of a graph. */
export type FloatType = 'float32' | 'float64';

/** A value of a graph that is being written: a name with a shape. It holds no numbers. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type: TensorType;
}

/** Number of elements of a tensor of this fixed shape. */
export function elementCount(shape: readonly Dimension[]): number {
  return shape.reduce<number>((product, size) => product * (size as number), 1);
}

/** The size of an axis that must be known when the graph is written. */
export function fixedSize(tensor: Tensor, axis: number): number {
  const size = tensor.shape.at(axis);
  if (typeof size !== 'number') {
    throw new UsageError(
      `axis ${axis} of tensor ${tensor.name} [${tensor.shape}] must have a fixed size, but is ${size ?? 'missing'}`,
    );
  }
  return size;
}

/** Asserts the number of axes of a tensor. */
export function checkRank(operator: string, tensor: Tensor, rank: number): void {
  if (tensor.shape.length !== rank) {
    throw new UsageError(`${operator}: tensor ${tensor.name} must have ${rank} axes, but has [${tensor.shape}]`);
  }
}

/** Writes ONNX nodes one after another. It knows shapes, not gradients. */
export class GraphEmitter {
  readonly precision: FloatType;
  readonly #nodes: OnnxNode[] = [];
  /** Nodes that come before all others. */
  readonly #first: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: GraphValue[] = [];
  /** Begins the names of all tensors that it makes, inputs aside. */
  readonly #prefix: string;
  #count = 0;

  constructor(precision: FloatType = 'float32', prefix = '') {
    this.precision = precision;
    this.#prefix = prefix;
  }

  /** ONNX element type number of a tensor type. */
  elementType(type: TensorType): number {
    return elementTypes[type === 'real' ? this.precision : type];
  }

  /** The graph input of this name; further calls return the same one. */
  input(name: string, shape: readonly Dimension[], type: TensorType = 'real'): Tensor {
    const known = this.#inputs.find((input) => input.name === name);
    if (known && known.shape?.join() !== shape.join()) {
      throw new UsageError(`input '${name}' has shape [${known.shape}], and cannot have [${shape}] too`);
    }
    if (!known) this.#inputs.push({ name, elementType: this.elementType(type), shape });
    return { name, shape, type };
  }

  /** Defines tensors of fixed shapes as consecutive pieces of a flat one. */
  unpack(flat: Tensor, pieces: readonly Tensor[]): void {
    const lengths = pieces.map(({ shape }) => elementCount(shape));
    // A one-dimensional piece is the output of the split; others are reshaped.
    const names = pieces.map(({ name, shape }) => (shape.length === 1 ? name : `${name}/flat`));
    const split =
      pieces.length === 1
        ? node('Identity', [flat.name], names)
        : node('Split', [flat.name, this.integers(lengths).name], names, { axis: 0 });
    const reshapes = pieces.flatMap(({ name, shape }, index) =>
      shape.length === 1
        ? []
        : [node('Reshape', [names[index] as string, this.integers(shape as readonly number[]).name], [name])],
    );
    this.#first.push(split, ...reshapes);
  }

  /** One operation with one output. `type` is the output's, by default the first input's. */
  emit(
    operator: string,
    inputs: readonly Tensor[],
    shape: readonly Dimension[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    type: TensorType = inputs[0]?.type ?? 'real',
  ): Tensor {
    return this.#emit(operator, inputs, [shape], attributes, type)[0] as Tensor;
  }

  /**
   * Cuts a tensor along an axis into parts of these sizes; without sizes, into `count` equal parts.
   */
  split(tensor: Tensor, axis: number, parts: readonly number[] | { readonly count: number; readonly size: Dimension }) {
    const equal = 'count' in parts;
    const sizes: readonly Dimension[] = equal ? Array.from({ length: parts.count }, () => parts.size) : parts;
    const shapes = sizes.map((size) => tensor.shape.with(axis, size));
    if (shapes.length === 1) return [this.emit('Identity', [tensor], shapes[0] as readonly Dimension[])];
    const inputs = equal ? [tensor] : [tensor, this.integers(parts)];
    return this.#emit('Split', inputs, shapes, { axis }, tensor.type);
  }

  /** The same values under another shape; at most one axis may be of unknown size. */
  reshape(tensor: Tensor, shape: readonly Dimension[]): Tensor {
    if (shape.length === tensor.shape.length && shape.length === 1) return tensor;
    const target = this.integers(shape.map((size) => (typeof size === 'number' ? size : -1)));
    return this.emit('Reshape', [tensor, target], shape);
  }

  /** alpha * A B + addend, A and B of two axes, either transposed. */
  product(
    a: Tensor,
    b: Tensor,
    options: { transposeA?: boolean | undefined; transposeB?: boolean | undefined; addend?: Tensor | undefined } = {},
  ): Tensor {
    const rows = a.shape[options.transposeA ? 1 : 0] as Dimension;
    const columns = b.shape[options.transposeB ? 0 : 1] as Dimension;
    const inputs = options.addend ? [a, b, options.addend] : [a, b];
    const attributes = { transA: options.transposeA ? 1 : 0, transB: options.transposeB ? 1 : 0 };
    return this.emit('Gemm', inputs, [rows, columns], attributes);
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.emit('Add', [a, b], a.shape);
  }

  subtract(a: Tensor, b: Tensor): Tensor {
    return this.emit('Sub', [a, b], a.shape.length >= b.shape.length ? a.shape : b.shape);
  }

  multiply(a: Tensor, b: Tensor): Tensor {
    return this.emit('Mul', [a, b], a.shape);
  }

  divide(a: Tensor, b: Tensor): Tensor {
    return this.emit('Div', [a, b], a.shape);
  }

  concat(parts: readonly Tensor[], axis: number, size: Dimension): Tensor {
    if (parts.length === 1) return parts[0] as Tensor;
    return this.emit('Concat', parts, (parts[0] as Tensor).shape.with(axis, size), { axis });
  }

  /** Sums over the first axis of a matrix. */
  sumRows(matrix: Tensor): Tensor {
    return this.emit('ReduceSum', [matrix, this.integers([0])], [matrix.shape[1] as Dimension], { keepdims: 0 });
  }

  cast(tensor: Tensor, type: TensorType): Tensor {
    return this.emit('Cast', [tensor], tensor.shape, { to: this.elementType(type) }, type);
  }

  /** A constant of the graph's precision; without a shape a scalar. */
  real(values: number | readonly number[], shape: readonly number[] = []): Tensor {
    const list = typeof values === 'number' ? [values] : values;
    const name = `${this.#prefix}real:${shape}:${list}`;
    if (!this.#initializers.has(name)) {
      const array = this.precision === 'float32' ? Float32Array.from(list) : Float64Array.from(list);
      this.#initializers.set(name, constant(name, shape, array));
    }
    return { name, shape, type: 'real' };
  }

  /** A constant list of int64, ONNX's type for shapes and axes. */
  integers(values: readonly number[]): Tensor {
    const name = `${this.#prefix}int64:${values}`;
    if (!this.#initializers.has(name)) {
      this.#initializers.set(name, constant(name, [values.length], BigInt64Array.from(values, BigInt)));
    }
    return { name, shape: [values.length], type: 'int64' };
  }

  /**
   * The graph as data, without the nodes that no output depends on. Outputs keep the names of their
   * tensors.
   */
  build(outputs: readonly Tensor[]): OnnxGraph {
    const needed = new Set(outputs.map(({ name }) => name));
    const nodes: OnnxNode[] = [];
    for (const candidate of [...this.#first, ...this.#nodes].reverse()) {
      if (!candidate.outputs.some((name) => needed.has(name))) continue;
      nodes.push(candidate);
      for (const name of candidate.inputs) needed.add(name);
    }
    return {
      nodes: nodes.reverse(),
      initializers: [...this.#initializers.values()].filter(({ name }) => needed.has(name)),
      inputs: this.#inputs.filter(({ name }) => needed.has(name)),
      outputs: outputs.map(({ name, shape, type }) => ({ name, shape, elementType: this.elementType(type) })),
      opsets: { '': ownOpset },
      irVersion: 8,
      functions: [],
    };
  }

  #emit(
    operator: string,
    inputs: readonly Tensor[],
    shapes: readonly (readonly Dimension[])[],
    attributes: Readonly<Record<string, AttributeValue>>,
    type: TensorType,
  ): Tensor[] {
    const outputs = shapes.map((shape) => ({ name: `${this.#prefix}t${this.#count++}`, shape, type }));
    const names = (tensors: readonly Tensor[]) => tensors.map(({ name }) => name);
    this.#nodes.push(node(operator, names(inputs), names(outputs), attributes));
    return outputs;
  }
}
