import { inferShapes } from '../../onnx/infer-shapes.ts';
import type { OnnxGraph, OnnxNode } from '../../onnx/onnx-graph.ts';
import { activated } from './bias.ts';
import { fastConvolution } from './convolution.ts';
import { GraphWriter } from './graph-writer.ts';
import { fastMaxPool } from './max-pool.ts';
import { fromPlaced, type Placed, toPlaced } from './placed.ts';
import { fastFormOf } from './rule.ts';
import { type PlannedConvolution, plannedConvolution, plannedPool, type Rule, type Tensors } from './windows.ts';

/** A graph whose convolutions have been considered. */
export interface Rewritten {
  readonly graph: OnnxGraph;
  /** How many of them are in the fast form. */
  readonly convolutions: number;
}

/** The operations that the fast form uses have had the same meaning since this version. */
const minOpset = 11;

/**
 * The same graph with the convolutions that the rule takes (`fastFormOf`) written as products of
 * transformed windows and weights, in ONNX's own operators. Between them activations keep the
 * layout of those products, and poolings and ReLUs in between are written for that layout. All
 * tensors that other operations read, and the outputs, are unchanged except for rounding: about
 * 1e-6 of the largest value.
 *
 * @param rule - which convolutions are rewritten, and how.
 */
export function withFastConvolutions(graph: OnnxGraph, rule: Rule = fastFormOf): Rewritten {
  const unchanged = { graph, convolutions: 0 };
  // A graph inside a node may read any tensor by name.
  if ((graph.opsets[''] ?? 0) < minOpset || graph.nodes.some(({ hasSubgraph }) => hasSubgraph)) return unchanged;
  if (!graph.nodes.some(({ operator }) => operator === 'Conv')) return unchanged;
  const rewriting = new Rewriting(graph, rule);
  return rewriting.planned.size === 0 ? unchanged : { graph: rewriting.run(), convolutions: rewriting.planned.size };
}

class Rewriting {
  readonly planned = new Map<OnnxNode, PlannedConvolution>();
  readonly #writer: GraphWriter;
  readonly #tensors: Tensors;
  readonly #readers = new Map<string, OnnxNode[]>();
  /** Activations with the places first, by the name of the tensor that they replace. */
  readonly #placed = new Map<string, Placed>();
  /** Tensors that exist under their own names. */
  readonly #there: Set<string>;
  readonly #done = new Set<OnnxNode>();

  constructor(
    readonly graph: OnnxGraph,
    rule: Rule,
  ) {
    const { shapes, bounds } = inferShapes(graph);
    const constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    this.#tensors = {
      shape: (name) => (bounds.has(name) ? undefined : shapes.get(name)),
      constant: (name) => constants.get(name),
    };
    const inputs = graph.inputs.map(({ name }) => name);
    this.#there = new Set([...constants.keys(), ...inputs]);
    const made = graph.nodes.flatMap(({ outputs }) => outputs);
    this.#writer = new GraphWriter([...this.#there, ...made], graph.opsets[''] ?? 0);
    for (const node of graph.nodes) {
      for (const name of new Set(node.inputs)) this.#readers.set(name, [...(this.#readers.get(name) ?? []), node]);
      const convolution = plannedConvolution(node, this.#tensors, rule);
      if (convolution) this.planned.set(node, convolution);
    }
  }

  run(): OnnxGraph {
    for (const node of this.graph.nodes) if (!this.#done.has(node)) this.#node(node);
    for (const { name } of this.graph.outputs) this.#demand(name);
    const { nodes, initializers } = this.#writer;
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const kept = this.graph.initializers.filter(({ name }) => read.has(name));
    return { ...this.graph, nodes, initializers: [...kept, ...initializers] };
  }

  #node(node: OnnxNode): void {
    const convolution = this.planned.get(node);
    if (convolution) this.#convolution(node, convolution);
    else if (!this.#inPlace(node)) {
      for (const name of node.inputs) this.#demand(name);
      this.#writer.copy(node);
      for (const name of node.outputs) this.#there.add(name);
    }
  }

  #convolution(node: OnnxNode, convolution: PlannedConvolution): void {
    const writer = this.#writer;
    const relu = this.#onlyReader(node, 'Relu');
    const pooling = relu && this.#onlyReader(relu, 'MaxPool');
    const pool = pooling && plannedPool(pooling, this.#tensors);
    const last = (pool ? pooling : relu) ?? node;
    const zero = this.#feedsConvolution(last);
    let placed = fastConvolution(writer, this.#placedOf(node.inputs[0] as string), convolution);
    // Adding a bias and a ReLU does not change which value is the maximum, so the pooling goes
    // first and leaves fewer values to process.
    if (pool) placed = fastMaxPool(writer, placed, pool, zero);
    placed = activated(writer, placed, { bias: convolution.bias, relu: relu !== undefined, zero });
    this.#placed.set(last.outputs[0] as string, placed);
    for (const following of [relu, pool && pooling]) if (following) this.#done.add(following);
  }

  /** Writes an operation on activations with the places first, if that is possible for it. */
  #inPlace(node: OnnxNode): boolean {
    const sources = node.inputs.map((name) => (this.#there.has(name) ? undefined : this.#placed.get(name)));
    const [source, other] = sources;
    const [output] = node.outputs;
    if (source === undefined || output === undefined || node.outputs.length !== 1) return false;
    const zero = this.#feedsConvolution(node);
    const pool = plannedPool(node, this.#tensors);
    if (pool) this.#placed.set(output, fastMaxPool(this.#writer, source, pool, false));
    else if (node.operator === 'Relu')
      this.#placed.set(output, activated(this.#writer, source, { bias: undefined, relu: true, zero }));
    else if (node.operator === 'Add' && other !== undefined && liesAlike(source, other)) {
      const tensor = this.#writer.append('Add', [source.tensor, other.tensor]);
      this.#placed.set(output, { ...source, tensor, zero: source.zero === other.zero ? source.zero : undefined });
    } else return false;
    return true;
  }

  /** The only reader of a node's output, if it is an operation of the given kind. */
  #onlyReader(node: OnnxNode, operator: string): OnnxNode | undefined {
    const [output = ''] = node.outputs;
    const readers = this.#readers.get(output) ?? [];
    const isOutput = this.graph.outputs.some(({ name }) => name === output);
    return !isOutput && readers.length === 1 && readers[0]?.operator === operator ? readers[0] : undefined;
  }

  #feedsConvolution(node: OnnxNode): boolean {
    return (this.#readers.get(node.outputs[0] ?? '') ?? []).some((reader) => this.planned.has(reader));
  }

  #placedOf(name: string): Placed {
    const found = this.#placed.get(name);
    if (found) return found;
    const placed = toPlaced(this.#writer, name, this.#tensors.shape(name) as readonly number[]);
    this.#placed.set(name, placed);
    return placed;
  }

  /** Makes sure that a tensor exists under its own name. */
  #demand(name: string): void {
    const placed = this.#placed.get(name);
    if (placed === undefined || this.#there.has(name)) return;
    fromPlaced(this.#writer, placed, name);
    this.#there.add(name);
  }
}

function liesAlike(left: Placed, right: Placed): boolean {
  return (
    left.channels === right.channels &&
    left.width === right.width &&
    left.rows === right.rows &&
    left.places.length === right.places.length &&
    left.places.every((row, place) => row === right.places[place])
  );
}
