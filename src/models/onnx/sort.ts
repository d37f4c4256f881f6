import type { OnnxGraph, OnnxNode } from './onnx-graph.ts';

/**
 * Names of the tensors that a node reads: its inputs, and what the graphs inside it read from the
 * graph around them.
 */
export function readsOf(node: OnnxNode): readonly string[] {
  const inputs = node.inputs.filter((name) => name !== '');
  if (node.bodies === undefined) return inputs;
  return [...inputs, ...Object.values(node.bodies).flatMap(outerReads)];
}

function outerReads(body: OnnxGraph): readonly string[] {
  const own = new Set([
    ...body.inputs.map(({ name }) => name),
    ...body.initializers.map(({ name }) => name),
    ...body.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const read = [...body.nodes.flatMap(readsOf), ...body.outputs.map(({ name }) => name)];
  return [...new Set(read.filter((name) => !own.has(name)))];
}

/**
 * Nodes in topological order; nodes that are already sorted stay as they are. ONNX requires that
 * order, but some tools append nodes at the end anyway. Nodes of a cycle come last, for ONNX
 * Runtime to refuse.
 */
export function sorted(nodes: readonly OnnxNode[]): readonly OnnxNode[] {
  const makers = new Map(nodes.flatMap((node, index) => node.outputs.map((name) => [name, index] as const)));
  makers.delete('');
  const waitsFor = nodes.map((node) => new Set(readsOf(node).flatMap((name) => makers.get(name) ?? [])));
  if (waitsFor.every((makersOf, index) => [...makersOf].every((maker) => maker < index))) return nodes;
  const readers: number[][] = nodes.map(() => []);
  for (const [index, makersOf] of waitsFor.entries()) for (const maker of makersOf) readers[maker]?.push(index);
  const missing = waitsFor.map(({ size }) => size);
  const order: number[] = [];
  // Nodes keep their place as far as possible: those that can run are taken in file order, in
  // rounds.
  let ready = [...missing.keys()].filter((index) => missing[index] === 0);
  while (ready.length > 0) {
    order.push(...ready);
    const next: number[] = [];
    for (const index of ready) {
      for (const reader of readers[index] as number[]) {
        missing[reader] = (missing[reader] as number) - 1;
        if (missing[reader] === 0) next.push(reader);
      }
    }
    ready = next.sort((a, b) => a - b);
  }
  const placed = new Set(order);
  const rest = [...nodes.keys()].filter((index) => !placed.has(index));
  return [...order, ...rest].map((index) => nodes[index] as OnnxNode);
}
