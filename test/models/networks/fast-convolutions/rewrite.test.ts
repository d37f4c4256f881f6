import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { withFastConvolutions } from '../../../../src/models/networks/fast-convolutions/rewrite.ts';
import { fastForm, tiled } from '../../../../src/models/networks/fast-convolutions/rule.ts';
import { inferShapes, rowSizes } from '../../../../src/models/onnx/infer-shapes.ts';
import {
  constant,
  type Initializer,
  node,
  type OnnxGraph,
  type OnnxNode,
} from '../../../../src/models/onnx/onnx-graph.ts';
import { encodeModel } from '../../../../src/models/onnx/write.ts';
import { uniform } from '../helpers.ts';

/** Every convolution that can be, whether or not it pays. */
const all = (graph: OnnxGraph) =>
  withFastConvolutions(graph, (shape) => ([3, 5].includes(shape.taps) ? tiled(shape) : undefined));

interface LayerOptions {
  readonly kind: 'conv' | 'relu' | 'pool' | 'add' | 'sigmoid';
  readonly taps: 1 | 3 | 5;
  readonly filters: number;
  readonly padding: number;
  readonly bias: boolean;
  readonly stride: 1 | 2;
  readonly isOutput: boolean;
}

/** A chain of layers with random weights; every tensor that is asked for is an output too. */
function chain(
  channels: number,
  size: readonly [number, number],
  layers: readonly LayerOptions[],
  opset = 17,
): OnnxGraph {
  const random = uniform(channels * 31 + layers.length);
  const nodes: OnnxNode[] = [];
  const initializers: Initializer[] = [];
  const outputs: string[] = [];
  let [last, depth, high, wide] = ['x', channels, ...size] as [string, number, number, number];
  for (const [index, layer] of layers.entries()) {
    const name = `layer${index}`;
    const { kind, taps, filters, padding, stride } = layer;
    if (kind === 'conv') {
      const after = [high + 2 * padding - taps + 1, wide + 2 * padding - taps + 1] as const;
      if (Math.min(...after) < 1) continue;
      const spread = Math.sqrt(6 / (depth * taps * taps));
      const weights = Float32Array.from({ length: filters * depth * taps * taps }, () => spread * (2 * random() - 1));
      initializers.push(constant(`${name}.weight`, [filters, depth, taps, taps], weights));
      const inputs = [last, `${name}.weight`];
      if (layer.bias) {
        initializers.push(
          constant(
            `${name}.bias`,
            [filters],
            Float32Array.from({ length: filters }, () => random() - 0.5),
          ),
        );
        inputs.push(`${name}.bias`);
      }
      nodes.push(
        node('Conv', inputs, [name], { kernel_shape: [taps, taps], pads: [padding, padding, padding, padding] }),
      );
      [depth, high, wide] = [filters, ...after];
    } else if (kind === 'pool') {
      if (Math.min(high, wide) < 3) continue;
      nodes.push(node('MaxPool', [last], [name], { kernel_shape: [3, 2], strides: [stride, 2], pads: [1, 0, 1, 0] }));
      [high, wide] = [Math.floor((high + 2 - 3) / stride) + 1, Math.floor((wide - 2) / 2) + 1];
    } else if (kind === 'add') nodes.push(node('Add', [last, last], [name]));
    else nodes.push(node(kind === 'relu' ? 'Relu' : 'Sigmoid', [last], [name]));
    last = name;
    if (layer.isOutput) outputs.push(name);
  }
  if (last !== 'x' && !outputs.includes(last)) outputs.push(last);
  return {
    nodes,
    initializers,
    inputs: [{ name: 'x', elementType: 1, shape: ['N', channels, ...size] }],
    outputs: outputs.map((name) => ({ name, elementType: 1 })),
    opsets: { '': opset },
    irVersion: 8,
    functions: [],
  };
}

async function results(graph: OnnxGraph, rows: number): Promise<Readonly<Record<string, Tensor>>> {
  const session = await InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const shape = [rows, ...(graph.inputs[0]?.shape ?? []).slice(1).map(Number)];
  const random = uniform(9);
  const values = Float32Array.from(
    { length: shape.reduce((product, size) => product * size, 1) },
    () => random() - 0.3,
  );
  return (await session.run({ x: new Tensor('float32', values, shape) })) as Record<string, Tensor>;
}

/** Inputs are from -0.3 to this. */
const greatestInput = 0.7;

/**
 * The greatest difference of two tensors by the greatest value, or by that of the input, from which
 * all layers keep about the same spread: what is left where sums cancel is small, its rounding not.
 */
function difference(left: Tensor, right: Tensor): number {
  const [one, other] = [left.data as Float32Array, right.data as Float32Array];
  let [most, greatest] = [0, greatestInput];
  for (const [index, value] of one.entries()) {
    most = Math.max(most, Math.abs(value - (other[index] as number)));
    greatest = Math.max(greatest, Math.abs(value));
  }
  return most / greatest;
}

const layer = fc.record<LayerOptions>({
  kind: fc.constantFrom('conv', 'conv', 'conv', 'relu', 'relu', 'pool', 'add', 'sigmoid'),
  taps: fc.constantFrom(1, 3, 3, 5),
  filters: fc.integer({ min: 1, max: 9 }),
  padding: fc.integer({ min: 0, max: 2 }),
  bias: fc.boolean(),
  stride: fc.constantFrom(1, 2),
  isOutput: fc.boolean(),
});
const side = fc.integer({ min: 1, max: 19 });

describe('a graph with fast convolutions', () => {
  it('gives what the direct form gives, whatever the shapes, layers and rows', async () => {
    let rewritten = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.tuple(side, side),
        fc.array(layer, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        async (channels, size, layers, rows) => {
          const graph = chain(channels, size, layers);
          if (graph.outputs.length === 0) return;
          const { graph: fast, convolutions } = all(graph);
          rewritten += convolutions;
          const [expected, came] = [await results(graph, rows), await results(fast, rows)];
          for (const [name, tensor] of Object.entries(expected)) {
            expect(came[name]?.dims).toEqual(tensor.dims);
            expect(difference(tensor, came[name] as Tensor), name).toBeLessThan(1e-5 * Math.max(1, convolutions));
          }
        },
      ),
      {
        numRuns: 120,
        examples: [
          // What a ReLU leaves is all but cancelled.
          [
            7,
            [12, 1],
            [
              { ...plain, taps: 5, filters: 1, padding: 2, kind: 'conv' },
              { ...plain, taps: 1, filters: 1, padding: 0, bias: false, kind: 'conv' },
              { ...plain, kind: 'relu' },
            ],
            1,
          ],
        ],
      },
    );
    expect(rewritten).toBeGreaterThan(50);
  });
});

const plain = { bias: true, stride: 1, isOutput: false, padding: 1, taps: 3, filters: 8 } as const;
const conv = { ...plain, kind: 'conv' } as const;
const relu = { ...plain, kind: 'relu' } as const;
const pool = { ...plain, kind: 'pool', stride: 2 } as const;
const operators = (graph: OnnxGraph, operator: string) =>
  graph.nodes.filter((each) => each.operator === operator).length;

describe('between fast convolutions', () => {
  it('nothing is transposed, and the padding costs no pass where tiles hang over', () => {
    const { graph } = all(chain(8, [13, 13], [conv, relu, conv, relu, pool, conv, relu]));
    expect(operators(graph, 'Transpose')).toBe(2);
    expect(operators(graph, 'Pad')).toBe(1);
    expect(operators(graph, 'MaxPool') + operators(graph, 'Conv')).toBe(0);
  });

  it('a tensor that others read is there as it was', async () => {
    const graph = chain(
      8,
      [13, 13],
      [{ ...conv, isOutput: true }, { ...relu, isOutput: true }, { ...pool, isOutput: true }, conv],
    );
    const fast = all(graph).graph;
    const [expected, came] = [await results(graph, 2), await results(fast, 2)];
    expect(Object.keys(came)).toEqual(['layer0', 'layer1', 'layer2', 'layer3']);
    for (const [name, tensor] of Object.entries(expected))
      expect(difference(tensor, came[name] as Tensor)).toBeLessThan(1e-5);
  });
});

describe('what is left as it is', () => {
  const one = chain(8, [13, 13], [conv]);
  const [convolution] = one.nodes as [OnnxNode];
  const inputs = [...convolution.inputs];
  const withAttributes = (attributes: Parameters<typeof node>[3]) => ({
    ...one,
    nodes: [node('Conv', inputs, ['layer0'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], ...attributes })],
  });

  it('are strides, dilations and groups', () => {
    for (const attributes of [{ strides: [2, 2] }, { dilations: [2, 2] }, { group: 2 }])
      expect(all(withAttributes(attributes)).convolutions).toBe(0);
  });

  it('are weights that are not constants, or not float32, and operator sets that are too old', () => {
    const asInput = { ...one, inputs: [...one.inputs, { name: 'layer0.weight', elementType: 1, shape: [8, 8, 3, 3] }] };
    const initializers = one.initializers.filter(({ name }) => name !== 'layer0.weight');
    expect(all({ ...asInput, initializers }).convolutions).toBe(0);
    const wide = one.initializers.map((each) => ({ ...each, elementType: 11 }));
    expect(all({ ...one, initializers: wide }).convolutions).toBe(0);
    expect(all({ ...one, opsets: { '': 10 } }).convolutions).toBe(0);
  });

  it('is a graph that a node holds, which may read any tensor', () => {
    const loop = { ...node('If', ['x'], ['either']), hasSubgraph: true };
    expect(all({ ...one, nodes: [...one.nodes, loop] }).graph.nodes).toHaveLength(2);
  });

  it('not what is padded by name', async () => {
    for (const text of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
      const graph = { ...one, nodes: [node('Conv', inputs, ['layer0'], { kernel_shape: [3, 3], auto_pad: { text } })] };
      const { graph: fast, convolutions } = all(graph);
      expect(convolutions).toBe(1);
      const [expected, came] = [await results(graph, 1), await results(fast, 1)];
      expect(difference(expected.layer0 as Tensor, came.layer0 as Tensor)).toBeLessThan(1e-5);
    }
  });

  it('not a pooling in a later operator set, whose reductions name their axes by an input', async () => {
    const graph = chain(8, [13, 13], [conv, relu, pool], 18);
    const [expected, came] = [await results(graph, 2), await results(all(graph).graph, 2)];
    expect(difference(expected.layer2 as Tensor, came.layer2 as Tensor)).toBeLessThan(1e-5);
  });
});

describe('the shapes of a fast graph', () => {
  it('are those that ONNX Runtime gives to every tensor for one row', async () => {
    const graph = all(chain(6, [15, 11], [conv, relu, pool, conv, conv, relu])).graph;
    const { shapes, unknown } = inferShapes(graph);
    expect(unknown).toEqual([]);
    const names = graph.nodes.flatMap(({ outputs }) => outputs);
    const every = { ...graph, outputs: names.map((name) => ({ name, elementType: 1 })) };
    for (const [name, tensor] of Object.entries(await results(every, 1)))
      expect(shapes.get(name), name).toEqual(tensor.dims);
  });

  it('are widest where the products are taken', () => {
    const graph = all(chain(8, [13, 13], [conv, relu])).graph;
    expect(rowSizes(graph).widestOperation).toBe(24 * 24 * (8 + 8));
    expect(fastForm).toMatch(/^fast-convolutions-\d+$/);
  });
});
