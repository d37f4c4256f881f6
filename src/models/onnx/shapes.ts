import { elementTypes, type GraphNode, type Initializer, type OnnxGraph } from './graph.ts';
import { collect } from './write.ts';

/** A shape for one row of a batch, or undefined when it could not be inferred. */
type Shape = readonly number[] | undefined;

/** What one row of a batch needs in a graph, in elements (float32 each 4 bytes). */
export interface RowSizes {
  /** The largest sum of the activations that are there while one operation runs: its own, and those that a later one still reads. */
  readonly widestOperation: number;
  /** Elements of each output per row, by name; undefined where not inferred. */
  readonly outputs: ReadonlyMap<string, number | undefined>;
}

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Output length of a convolution or pooling window along one axis. */
function windowed(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceil: boolean,
): number {
  const steps = (size + padding - dilation * (kernel - 1) - 1) / stride;
  return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
}

function spatial(node: GraphNode, input: readonly number[], kernel: readonly number[]): number[] {
  const { strides = [], pads = [], dilations = [], ceil_mode = [0] } = node.attributes;
  return input.slice(2).map((size, axis) => {
    const padding = (pads[axis] ?? 0) + (pads[axis + kernel.length] ?? 0);
    return windowed(size, kernel[axis] ?? 1, strides[axis] ?? 1, padding, dilations[axis] ?? 1, ceil_mode[0] === 1);
  });
}

function infer(node: GraphNode, inputs: readonly Shape[]): Shape {
  const [first, second] = inputs;
  if (!first) return undefined;
  switch (node.operator) {
    case 'Conv':
      return second && [first[0] ?? 1, second[0] ?? 1, ...spatial(node, first, second.slice(2))];
    case 'MaxPool':
    case 'AveragePool':
      return [first[0] ?? 1, first[1] ?? 1, ...spatial(node, first, node.attributes.kernel_shape ?? [])];
    case 'GlobalAveragePool':
      return [first[0] ?? 1, first[1] ?? 1, ...first.slice(2).map(() => 1)];
    case 'Transpose':
      return node.attributes.perm?.map((axis) => first[axis] ?? 1);
    case 'Flatten':
      return [first[0] ?? 1, count(first.slice(1))];
    case 'Gemm':
      return second && [first[0] ?? 1, second[node.attributes.transB?.[0] === 1 ? 0 : 1] ?? 1];
    case 'MatMul':
      return second && [...first.slice(0, -1), second.at(-1) ?? 1];
    case 'Gather': {
      const axis = node.attributes.axis?.[0] ?? 0;
      return second && [...first.slice(0, axis), ...second, ...first.slice(axis + 1)];
    }
    case 'Unsqueeze':
      return first; // as many elements; how they are arranged is not followed
    case 'Concat': {
      const axis = node.attributes.axis?.[0] ?? 1;
      const total = inputs.reduce((sum, shape) => sum + (shape?.[axis < 0 ? first.length + axis : axis] ?? 0), 0);
      return first.map((size, index) => (index === (axis < 0 ? first.length + axis : axis) ? total : size));
    }
    default:
      // Elementwise operations keep the larger operand's shape; unknown ones are taken to do the same.
      return inputs.reduce(
        (widest, shape) => (shape && widest && count(shape) > count(widest) ? shape : widest),
        first,
      );
  }
}

/** The shape that a Reshape with a constant target gives to one row: -1 is what is left, 0 what was there. */
function reshaped(input: Shape, target: Initializer | undefined): Shape {
  if (!input || target?.elementType !== elementTypes.int64 || target.byteLength > 64) return input;
  const bytes = collect(target);
  const sizes = Array.from(new BigInt64Array(bytes.buffer, 0, bytes.byteLength / 8), Number);
  const known = sizes.map((size, axis) => (size === 0 ? (input[axis] ?? 1) : axis === 0 ? 1 : size));
  const rest = Math.max(1, Math.floor(count(input) / count(known.filter((size) => size > 0))));
  return known.map((size) => (size < 0 ? rest : size));
}

/** Activations are changed in place by these, or fused into the operation before. */
const inPlace = new Set(['Relu', 'Identity', 'Flatten', 'Reshape', 'Dropout', 'Clip', 'Sigmoid']);

/** Infers the sizes of the activations of a graph for one row. Symbolic dimensions count as 1. */
export function rowSizes(graph: OnnxGraph): RowSizes {
  const shapes = new Map<string, Shape>();
  const constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
  for (const input of graph.inputs) {
    shapes.set(
      input.name,
      input.shape?.map((size, axis) => (axis === 0 || typeof size === 'string' ? 1 : size)),
    );
  }
  for (const initializer of graph.initializers) {
    shapes.set(initializer.name, initializer.shape);
  }
  let widestOperation = 0;
  const lastReader = new Map(graph.nodes.flatMap((node, index) => node.inputs.map((name) => [name, index] as const)));
  const live = new Map<string, number>();
  const isActivation = (name: string) => name !== '' && !constants.has(name);
  for (const { name } of graph.inputs) live.set(name, count(shapes.get(name) ?? []));
  for (const [index, node] of graph.nodes.entries()) {
    const inputs = node.inputs.filter((name) => name !== '').map((name) => shapes.get(name));
    const output =
      node.operator === 'Reshape' ? reshaped(inputs[0], constants.get(node.inputs[1] ?? '')) : infer(node, inputs);
    for (const name of node.outputs) shapes.set(name, output);
    for (const name of node.outputs) live.set(name, output ? count(output) : 0);
    if (!inPlace.has(node.operator)) {
      widestOperation = Math.max(
        widestOperation,
        [...live.values()].reduce((sum, size) => sum + size, 0),
      );
    }
    // What is changed in place, and what nothing reads any more, is there no longer.
    for (const name of node.inputs.filter(isActivation)) if (lastReader.get(name) === index) live.delete(name);
  }
  const outputs = new Map(
    graph.outputs.map(({ name }) => {
      const shape = shapes.get(name);
      return [name, shape && count(shape)];
    }),
  );
  return { widestOperation, outputs };
}
