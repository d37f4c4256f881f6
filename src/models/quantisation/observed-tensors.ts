import { rowSizes } from '../onnx/infer-shapes.ts';
import { constant, type Initializer, node, type OnnxGraph, type OnnxNode } from '../onnx/onnx-graph.ts';

/** Output of an observed network. */
export const observedOutput = 'reelflow.observed';

const label = (name: string, what: string) => `reelflow.${what}:${name}`;

/**
 * A network that gives, after its own `dimension` values for each row, the least and the greatest
 * value of each named tensor over all rows of the run: float32 [N, dimension + 2 * names]. Tensors
 * themselves never leave ONNX Runtime.
 */
export function observed(parts: readonly OnnxGraph[], names: readonly string[]): OnnxGraph {
  const whole = wholeOf(parts);
  const output = whole.outputs[0]?.name as string;
  const wanted = new Set(names);
  const initializers: Initializer[] = [
    constant(label('one', 'shape'), [2], BigInt64Array.of(1n, 1n)),
    constant(label('first', 'index'), [1], BigInt64Array.of(0n)),
    constant(label('width', 'shape'), [1], BigInt64Array.of(BigInt(2 * names.length))),
  ];
  const look = (name: string): OnnxNode[] =>
    (['ReduceMin', 'ReduceMax'] as const).flatMap((operator) => [
      node(operator, [name], [label(name, operator)], { keepdims: 0 }),
      node('Reshape', [label(name, operator), label('one', 'shape')], [label(name, `${operator}Row`)]),
    ]);
  const nodes = whole.inputs.flatMap(({ name }) => (wanted.has(name) ? look(name) : []));
  for (const given of whole.nodes) {
    nodes.push(given);
    // At once, so that a tensor can be given up as early as without it.
    for (const name of given.outputs) if (wanted.has(name)) nodes.push(...look(name));
  }
  const rows = names.flatMap((name) => [label(name, 'ReduceMinRow'), label(name, 'ReduceMaxRow')]);
  nodes.push(
    node('Concat', rows, [label('all', 'ranges')], { axis: 1 }),
    node('Shape', [output], [label('output', 'shape')]),
    node('Gather', [label('output', 'shape'), label('first', 'index')], [label('rows', 'shape')], { axis: 0 }),
    node('Concat', [label('rows', 'shape'), label('width', 'shape')], [label('ranges', 'shape')], { axis: 0 }),
    node('Expand', [label('all', 'ranges'), label('ranges', 'shape')], [label('each', 'ranges')]),
    node('Flatten', [output], [label('output', 'flat')], { axis: 1 }),
    node('Concat', [label('output', 'flat'), label('each', 'ranges')], [observedOutput], { axis: 1 }),
  );
  return {
    ...whole,
    nodes,
    initializers: [...whole.initializers, ...initializers],
    outputs: [{ name: observedOutput, elementType: 1 }],
  };
}

/**
 * Bytes of the named tensors for one row of a batch, as float32. Sizes that cannot be inferred
 * count as nothing.
 */
export function rangedBytes(parts: readonly OnnxGraph[], names: readonly string[]): number {
  const outputs = names.map((name) => ({ name, elementType: 1 }));
  const sizes = rowSizes({ ...wholeOf(parts), outputs }).outputs;
  return names.reduce((sum, name) => sum + 4 * (sizes.get(name) ?? 0), 0);
}

/** The parts of a network as one graph again. */
function wholeOf(parts: readonly OnnxGraph[]): OnnxGraph {
  const [first, last] = [parts[0] as OnnxGraph, parts.at(-1) as OnnxGraph];
  const initializers = new Map(parts.flatMap((part) => part.initializers).map((one) => [one.name, one]));
  return {
    ...first,
    nodes: parts.flatMap((part) => part.nodes),
    initializers: [...initializers.values()],
    outputs: last.outputs,
  };
}
