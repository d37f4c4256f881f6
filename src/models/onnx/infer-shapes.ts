import { knownValues, maxKnownValues } from './known-values.ts';
import { elementTypes, type Initializer, type OnnxGraph, type OnnxNode } from './onnx-graph.ts';
import { elementsOf, NotInferred, type Shape, ShapeOperation } from './shape-operation.ts';
import { shapeRules, upToRules } from './shape-rules.ts';
import { readsOf } from './sort.ts';
import { collect } from './write.ts';

export type { Shape } from './shape-operation.ts';

/** What is known about the tensors of a graph when one row of a batch runs through it. */
export interface InferredShapes {
  /**
   * By name. Anything missing here is unknown: a shape is exact or an upper bound, never guessed.
   */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Tensors whose shape is an upper bound, because their size depends on the input's values. */
  readonly bounds: ReadonlySet<string>;
  /** ONNX element types by name, as far as they are known. */
  readonly types: ReadonlyMap<string, number>;
  /** Operations of which at least one output is unknown, in order. */
  readonly unknown: readonly OnnxNode[];
}

/** Shapes of tensors by name, known from elsewhere: those of inputs, or measured ones. */
export type KnownShapes = ReadonlyMap<string, Shape>;

/**
 * Infers the shapes of all tensors of a graph for one row. Anything that follows from a symbolic
 * size missing from `known` is unknown.
 */
export function inferShapes(graph: OnnxGraph, known: KnownShapes = new Map()): InferredShapes {
  return new Inference(graph, known).run();
}

class Inference {
  readonly #shapes = new Map<string, Shape>();
  readonly #types = new Map<string, number>();
  readonly #bounds = new Set<string>();
  readonly #values = new Map<string, readonly number[]>();
  readonly #constants: ReadonlyMap<string, Initializer>;

  constructor(
    readonly graph: OnnxGraph,
    readonly known: KnownShapes,
  ) {
    this.#constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    for (const { name, shape, elementType } of [...graph.inputs, ...graph.initializers]) {
      const isConstant = this.#constants.has(name);
      const sizes = shape?.map((size, axis) => (axis === 0 && !isConstant ? 1 : size));
      const given = known.get(name) ?? (sizes?.every((size) => typeof size === 'number') ? sizes : undefined);
      if (given) this.#shapes.set(name, given);
      this.#types.set(name, elementType);
    }
  }

  run(): InferredShapes {
    const unknown = this.graph.nodes.filter((node) => !this.#node(node));
    return { shapes: this.#shapes, bounds: this.#bounds, types: this.#types, unknown };
  }

  /** Whether every output of the node is known. */
  #node(node: OnnxNode): boolean {
    const operation = new ShapeOperation(node, this.graph.opsets[''] ?? 0, {
      shape: (index) => this.#shapes.get(node.inputs[index] as string),
      values: (index) => this.#valuesOf(node.inputs[index] as string),
    });
    const inferred = inferredShapes(operation);
    const isBound =
      Object.hasOwn(upToRules, node.operator) || node.inputs.some((name) => name !== '' && this.#bounds.has(name));
    for (const [index, name] of node.outputs.entries()) {
      if (name === '') continue;
      const shape = this.known.get(name) ?? inferred?.[index];
      if (shape) this.#shapes.set(name, shape);
      if (shape && isBound && !this.known.has(name)) this.#bounds.add(name);
      const type = outputType(node, index, this.#types);
      if (type !== undefined) this.#types.set(name, type);
    }
    const [first] = node.outputs;
    const shape = this.#shapes.get(first ?? '');
    if (first !== undefined && shape && !isBound && elementsOf(shape) <= maxKnownValues) {
      const elementType = this.#types.get(node.inputs[0] ?? '') ?? 0;
      const values = operation.isKnownDomain ? knownValues(operation, { shape, elementType }) : undefined;
      if (values) this.#values.set(first, values);
    }
    return node.outputs.every((name) => name === '' || this.#shapes.has(name));
  }

  #valuesOf(name: string): readonly number[] | undefined {
    const found = this.#values.get(name);
    const initializer = this.#constants.get(name);
    if (found || !initializer || elementsOf(initializer.shape) > maxKnownValues) return found;
    const values = constantValues(initializer);
    if (values) this.#values.set(name, values);
    return values;
  }
}

function inferredShapes(operation: ShapeOperation): readonly Shape[] | undefined {
  const rule = Object.hasOwn(shapeRules, operation.node.operator) && shapeRules[operation.node.operator];
  if (!rule || !operation.isKnownDomain) return undefined;
  try {
    const shapes = rule(operation);
    const isShape = (shape: Shape) =>
      shape.every((size) => Number.isSafeInteger(size) && size >= 0) && Number.isSafeInteger(elementsOf(shape));
    return shapes.every(isShape) ? shapes : undefined;
  } catch (error) {
    if (error instanceof NotInferred) return undefined;
    throw error;
  }
}

const wholeNumbers = new Set(['ArgMax', 'ArgMin', 'NonMaxSuppression', 'NonZero', 'Shape', 'Size']);
const indices = new Set(['MaxPool', 'TopK', 'Unique']);
const conditions = new Set([
  'And',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'Not',
  'Or',
  'Xor',
]);

/** The ONNX element type of an output, as far as it determines the bytes per element. */
function outputType(node: OnnxNode, index: number, types: ReadonlyMap<string, number>): number | undefined {
  const { operator, attributes, inputs } = node;
  if (operator === 'Cast') return attributes.to?.[0];
  if (wholeNumbers.has(operator) || (index > 0 && indices.has(operator))) return elementTypes.int64;
  if (conditions.has(operator)) return elementTypes.bool;
  if (operator === 'QuantizeLinear' || operator === 'DynamicQuantizeLinear') return elementTypes.uint8;
  if (operator === 'DequantizeLinear') return elementTypes.float32;
  return types.get(inputs[operator === 'Where' ? 1 : 0] ?? '');
}

/** Values of a small constant of one of the types that sizes and scales have. */
function constantValues(initializer: Initializer): readonly number[] | undefined {
  const { elementType } = initializer;
  const { buffer } = collect(initializer) as Uint8Array<ArrayBuffer>;
  if (elementType === elementTypes.int64) return Array.from(new BigInt64Array(buffer), Number);
  if (elementType === elementTypes.int32) return [...new Int32Array(buffer)];
  if (elementType === elementTypes.float32) return [...new Float32Array(buffer)];
  if (elementType === elementTypes.float64) return [...new Float64Array(buffer)];
  return elementType === elementTypes.bool ? [...new Uint8Array(buffer)] : undefined;
}

/**
 * What one row of a batch needs in a graph, in elements of 4 bytes; those of 8 bytes count twice.
 */
export interface RowSizes {
  /**
   * The largest sum of activations that exist while an operation runs: its own, and those that a
   * later one still reads.
   */
  readonly widestOperation: number;
  /**
   * The same for what is computed from constants alone, such as weights converted back to floats:
   * it exists once, whatever the number of rows.
   */
  readonly madeOfConstants: number;
  /** Elements of each output per row, by name; undefined if unknown. */
  readonly outputs: ReadonlyMap<string, number | undefined>;
  /** Shapes of the outputs for one row, as far as they are known. */
  readonly shapes: KnownShapes;
  /** Operations with something unknown, which `widestOperation` ignores. */
  readonly unknown: readonly OnnxNode[];
}

/** Activations are changed in place by these, or fused into the operation before. */
const inPlace = new Set([
  'Relu',
  'Identity',
  'Flatten',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Dropout',
  'Clip',
  'Sigmoid',
]);
const wideTypes = new Set<number | undefined>([elementTypes.int64, elementTypes.float64, elementTypes.uint64]);

const sumOf = (sizes: ReadonlyMap<string, number>) => [...sizes.values()].reduce((sum, size) => sum + size, 0);

/** The sizes of the activations of a graph for one row; see `inferShapes`. */
export function rowSizes(graph: OnnxGraph, known?: KnownShapes): RowSizes {
  const { shapes, bounds, types, unknown } = inferShapes(graph, known);
  const size = (name: string) => elementsOf(shapes.get(name) ?? [0]) * (wideTypes.has(types.get(name)) ? 2 : 1);
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const lastReader = new Map(graph.nodes.flatMap((node, index) => readsOf(node).map((name) => [name, index] as const)));
  const live = new Map<string, number>();
  for (const { name } of graph.inputs) live.set(name, size(name));
  const fixed = new Map<string, number>();
  const kept = new Set<string>();
  let widestOperation = 0;
  let madeOfConstants = 0;
  for (const [index, node] of graph.nodes.entries()) {
    const isConstant =
      readsOf(node).length > 0 && readsOf(node).every((name) => constants.has(name) || fixed.has(name));
    const made = isConstant ? fixed : live;
    for (const name of node.outputs) if (name !== '') made.set(name, size(name));
    madeOfConstants = Math.max(madeOfConstants, sumOf(fixed));
    // What is computed before the first run stays; a DequantizeLinear runs each time.
    if (isConstant && node.operator !== 'DequantizeLinear') for (const name of node.outputs) kept.add(name);
    if (!inPlace.has(node.operator)) {
      widestOperation = Math.max(widestOperation, sumOf(live));
    }
    // What is changed in place, or no longer read by anything, no longer exists.
    for (const name of readsOf(node)) {
      if (constants.has(name) || kept.has(name) || lastReader.get(name) !== index) continue;
      live.delete(name);
      fixed.delete(name);
    }
  }
  const exact = graph.outputs.filter(({ name }) => shapes.has(name) && !bounds.has(name));
  const outputShapes = new Map(exact.map(({ name }) => [name, shapes.get(name) as Shape]));
  const outputs = new Map(
    graph.outputs.map(({ name }) => {
      const shape = outputShapes.get(name);
      return [name, shape && elementsOf(shape)];
    }),
  );
  return { widestOperation, madeOfConstants, outputs, shapes: outputShapes, unknown };
}
