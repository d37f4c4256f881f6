import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AttributeValue,
  constant,
  type Initializer,
  node,
  type OnnxNode,
  ownOpset,
} from '../../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../../src/models/onnx/write.ts';

/** A network whose widest activations come from one operation. */
export interface WideNetwork {
  readonly operator: string;
  /** Path of its card. */
  readonly card: string;
}

const SIDE = 64;
const integers = (...values: number[]) => constant('k', [values.length], BigInt64Array.from(values, BigInt));
const numbers = (...shape: number[]) => {
  const size = shape.reduce((product, each) => product * each, 1);
  return constant('k', shape, new Float32Array(size).fill(0.01));
};

/**
 * Operation, its inputs and constant, and its attributes. Each makes a large tensor from a picture
 * of 3 x 64 x 64.
 */
const OPERATIONS: readonly (readonly [string, readonly string[], Initializer, Record<string, AttributeValue>])[] = [
  ['Resize', ['x', '', 'k'], constant('k', [4], Float32Array.of(1, 1, 8, 8)), {}],
  ['ConvTranspose', ['x', 'k'], numbers(3, 16, 8, 8), { strides: [8, 8] }],
  ['Pad', ['x', 'k'], integers(0, 0, 200, 200, 0, 0, 200, 200), {}],
  ['Tile', ['x', 'k'], integers(1, 1, 8, 8), {}],
  ['Expand', ['x5', 'k'], integers(1, 64, 3, SIDE, SIDE), {}],
];

/**
 * Writes networks of many operations with their cards; `y` is the average of the widest tensor.
 */
export function writeWideNetworks(directory: string): WideNetwork[] {
  return OPERATIONS.map(([operator, inputs, given, attributes]) => {
    const name = `wide-${operator.toLowerCase()}`;
    const nodes: OnnxNode[] = [
      node('Unsqueeze', ['x', 'axis'], ['x5']),
      node(operator, inputs, ['wide'], attributes),
      node('Reshape', ['wide', 'to'], ['flat']),
      node('ReduceMean', ['flat'], ['y'], { axes: [2], keepdims: 0 }),
    ];
    const to = constant('to', [3], BigInt64Array.of(1n, 1n, -1n));
    const axis = constant('axis', [1], BigInt64Array.of(1n));
    const graph = {
      nodes: operator === 'Expand' ? nodes : nodes.slice(1),
      initializers: [...(operator === 'Expand' ? [axis] : []), given, to],
      inputs: [{ name: 'x', elementType: 1, shape: ['N', 3, SIDE, SIDE] as const }],
      outputs: [{ name: 'y', elementType: 1, shape: ['N', 1] as const }],
      ...{ opsets: { '': ownOpset }, irVersion: 8, functions: [] },
    };
    writeModel(graph, join(directory, `${name}.onnx`), join(directory, `${name}.data`));
    const card = {
      ...{ name, modality: 'visual', file: `${name}.onnx`, alone: true },
      input: { kind: 'frames', width: SIDE, height: SIDE, layout: 'NCHW' },
      preprocess: { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
      output: { name: 'y', dimension: 1 },
    };
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(card));
    return { operator, card: join(directory, `${name}.json`) };
  });
}
