import { inferShapes } from './infer-shapes.ts';
import { elementTypes, type GraphValue, type OnnxGraph } from './onnx-graph.ts';
import { readsOf } from './sort.ts';

/** Dense layers with fewer weights than this gain nothing from running separately. */
const heavyDenseBytes = 16 * 1024 * 1024;

/**
 * The part of a graph that an output needs: nodes, constants and inputs that do not reach it are
 * left out.
 */
export function reachable(graph: OnnxGraph, output: GraphValue): OnnxGraph {
  const wanted = new Set([output.name]);
  const nodes = graph.nodes.toReversed().filter((node) => {
    const needed = node.outputs.some((name) => wanted.has(name));
    if (needed) for (const name of readsOf(node)) wanted.add(name);
    return needed;
  });
  return {
    ...graph,
    nodes: nodes.reverse(),
    initializers: graph.initializers.filter(({ name }) => wanted.has(name)),
    inputs: graph.inputs.filter(({ name }) => wanted.has(name)),
    outputs: [output],
  };
}

/**
 * Cuts a network where its heavy dense layers begin, if a single tensor connects the two parts:
 * `[convolutions, dense]`, else `[graph]`.
 *
 * The parts suit different batch sizes. Convolutions gain nothing from large batches but hold
 * activations for every row; dense layers read all their weights once per batch and hold next to
 * nothing per row. Run separately, convolutions in small chunks and dense layers over the whole
 * batch, AlexNet needs the memory of a batch of 8 at the speed of a batch of 64.
 */
export function cutAtDense(graph: OnnxGraph): readonly OnnxGraph[] {
  if (graph.nodes.some((node) => node.hasSubgraph)) return [graph];
  const constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
  const first = graph.nodes.findIndex(
    ({ operator, inputs, attributes }) =>
      (operator === 'Gemm' || operator === 'MatMul') &&
      attributes.transA?.[0] !== 1 &&
      (constants.get(inputs[1] ?? '')?.byteLength ?? 0) >= heavyDenseBytes,
  );
  const seam = graph.nodes[first]?.inputs[0];
  // Only after a flattening is it certain that each row at the seam belongs to one row of the
  // batch.
  const maker = graph.nodes.find(({ outputs }) => seam !== undefined && outputs.includes(seam));
  if (maker?.operator !== 'Flatten' && maker?.operator !== 'Reshape') return [graph];
  if (first < 1 || seam === undefined || constants.has(seam) || graph.inputs.some(({ name }) => name === seam))
    return [graph];
  const before = graph.nodes.slice(0, first);
  const after = graph.nodes.slice(first);
  const made = new Set([...before.flatMap((node) => node.outputs), ...graph.inputs.map(({ name }) => name)]);
  const crossing = new Set(after.flatMap((node) => node.inputs).filter((name) => made.has(name)));
  const [output] = graph.outputs;
  if (crossing.size !== 1 || !crossing.has(seam) || output === undefined || made.has(output.name)) return [graph];
  // A flattening that merges a row's axes into the batch axis would change the batches.
  const { shapes, types } = inferShapes(graph);
  if (shapes.get(seam)?.[0] !== 1 || types.get(seam) !== elementTypes.float32) return [graph];
  const connection: GraphValue = { name: seam, elementType: elementTypes.float32 };
  const part = (nodes: typeof before, inputs: readonly GraphValue[], end: GraphValue) => {
    const read = new Set(nodes.flatMap((node) => node.inputs));
    return {
      ...graph,
      nodes,
      inputs,
      outputs: [end],
      initializers: graph.initializers.filter(({ name }) => read.has(name)),
    };
  };
  return [part(before, graph.inputs, connection), part(after, [connection], output)];
}
