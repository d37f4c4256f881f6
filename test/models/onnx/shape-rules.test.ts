import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { integerField, messageField, stringField } from '../../../src/core/protobuf-writer.ts';
import { inferShapes } from '../../../src/models/onnx/infer-shapes.ts';
import {
  type AttributeValue,
  constant,
  elementTypes,
  type Initializer,
  node,
  type OnnxGraph,
} from '../../../src/models/onnx/onnx-graph.ts';
import { encodeModel } from '../../../src/models/onnx/write.ts';

const floats = (name: string, shape: readonly number[], value = 0.5) =>
  constant(name, shape, new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value));
const integers = (name: string, ...values: number[]) =>
  constant(name, [values.length], BigInt64Array.from(values, BigInt));

interface Case {
  readonly operator: string;
  readonly shape: readonly number[];
  readonly constants?: readonly Initializer[];
  /** Inputs in order; `x` is what enters. Default: `x`, then the constants. */
  readonly inputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly outputs?: number;
  readonly opset?: number;
}

const cases: Readonly<Record<string, Case>> = {
  'MatMul of a matrix': { operator: 'MatMul', shape: [1, 7, 4], constants: [floats('w', [4, 6])] },
  'MatMul of stacks': { operator: 'MatMul', shape: [1, 3, 7, 4], constants: [floats('w', [5, 1, 4, 6])] },
  'MatMul with the constant on the left': {
    operator: 'MatMul',
    shape: [1, 3, 4, 6],
    constants: [floats('w', [5, 4])],
    inputs: ['w', 'x'],
  },
  'MatMul with a stack of constants on the left': {
    operator: 'MatMul',
    shape: [1, 2, 1, 4, 9],
    constants: [floats('w', [3, 8, 4])],
    inputs: ['w', 'x'],
  },
  'MatMul with a vector on the right': { operator: 'MatMul', shape: [1, 7, 4], constants: [floats('w', [4])] },
  'MatMul with a vector on the left': {
    operator: 'MatMul',
    shape: [1, 4, 7],
    constants: [floats('w', [4])],
    inputs: ['w', 'x'],
  },
  'Gemm, transposed': {
    operator: 'Gemm',
    shape: [1, 4],
    constants: [floats('w', [6, 4])],
    attributes: { transB: 1 },
  },
  'Einsum over heads': {
    operator: 'Einsum',
    shape: [1, 3, 4],
    constants: [floats('w', [4, 2, 5])],
    attributes: { equation: { text: 'bsd, dhk -> bhsk' } },
  },
  'Transpose of six axes': {
    operator: 'Transpose',
    shape: [1, 2, 3, 4, 5, 6],
    attributes: { perm: [0, 4, 2, 5, 1, 3] },
  },
  'Transpose of five axes by default': { operator: 'Transpose', shape: [1, 2, 3, 4, 5] },
  'Reshape to six axes': { operator: 'Reshape', shape: [1, 6, 8, 10], constants: [integers('s', 0, 2, 3, -1, 2, 10)] },
  'Reshape of six axes': { operator: 'Reshape', shape: [1, 2, 3, 4, 2, 5], constants: [integers('s', 0, 6, -1)] },
  'Flatten from the back': { operator: 'Flatten', shape: [1, 2, 3, 4], attributes: { axis: -1 } },
  'Squeeze of all': { operator: 'Squeeze', shape: [1, 2, 1, 4] },
  'Squeeze of one': { operator: 'Squeeze', shape: [1, 2, 1, 4], constants: [integers('a', -2)] },
  'Squeeze by attribute': { operator: 'Squeeze', shape: [1, 2, 1, 4], attributes: { axes: [2] }, opset: 11 },
  'Unsqueeze of two': { operator: 'Unsqueeze', shape: [1, 5], constants: [integers('a', -1, 1)] },
  'Unsqueeze by attribute': { operator: 'Unsqueeze', shape: [1, 5], attributes: { axes: [1] }, opset: 11 },
  Concat: { operator: 'Concat', shape: [1, 2, 3], constants: [floats('c', [1, 4, 3])], attributes: { axis: -2 } },
  'Split in equal parts': { operator: 'Split', shape: [1, 6, 3], attributes: { axis: 1 }, outputs: 3, opset: 13 },
  'Split, stated': {
    operator: 'Split',
    shape: [1, 6, 3],
    constants: [integers('s', 1, 5)],
    attributes: { axis: 1 },
    outputs: 2,
  },
  'Split in parts of which the last is short': {
    operator: 'Split',
    shape: [1, 7, 3],
    attributes: { axis: 1, num_outputs: 3 },
    outputs: 3,
    opset: 18,
  },
  'Slice to the end': {
    operator: 'Slice',
    shape: [1, 9, 5],
    constants: [
      constant('s', [1], BigInt64Array.of(1n)),
      constant('e', [1], BigInt64Array.of(2n ** 63n - 1n)),
      integers('a', 1),
    ],
  },
  'Slice backwards in steps': {
    operator: 'Slice',
    shape: [1, 9, 5],
    constants: [integers('s', -1, 4), integers('e', -100, 0), integers('a', 1, 2), integers('t', -2, -3)],
  },
  'Slice by attributes': {
    operator: 'Slice',
    shape: [1, 9, 5],
    attributes: { starts: [2, -3], ends: [-1, 100], axes: [1, 2] },
    opset: 9,
  },
  'Pad by attribute': { operator: 'Pad', shape: [1, 2, 5], attributes: { pads: [0, 0, 3, 0, 1, 4] }, opset: 10 },
  'Pad of some axes': {
    operator: 'Pad',
    shape: [1, 2, 5, 6],
    constants: [integers('p', 3, -1), integers('a', 2)],
    inputs: ['x', 'p', '', 'a'],
    opset: 18,
  },
  Tile: { operator: 'Tile', shape: [1, 2, 3], constants: [integers('r', 1, 4, 2)] },
  Expand: { operator: 'Expand', shape: [1, 1, 3], constants: [integers('s', 2, 1, 4, 1)] },
  'Gather of a scalar index': {
    operator: 'Gather',
    shape: [1, 5, 3],
    constants: [constant('i', [], BigInt64Array.of(2n))],
    attributes: { axis: 1 },
  },
  'Gather of a matrix of indices': {
    operator: 'Gather',
    shape: [1, 5, 3],
    constants: [constant('i', [2, 2], BigInt64Array.of(2n, 1n, 0n, 4n))],
    attributes: { axis: -2 },
  },
  'GatherND by pairs': {
    operator: 'GatherND',
    shape: [1, 5, 3],
    constants: [constant('i', [4, 2], BigInt64Array.of(0n, 1n, 0n, 0n, 0n, 4n, 0n, 2n))],
  },
  'Resize by scales': {
    operator: 'Resize',
    shape: [1, 2, 5, 7],
    constants: [constant('s', [4], Float32Array.of(1, 1, 2.5, 0.5))],
    inputs: ['x', '', 's'],
  },
  'Resize to sizes': {
    operator: 'Resize',
    shape: [1, 2, 5, 7],
    constants: [integers('s', 1, 2, 9, 3)],
    inputs: ['x', '', '', 's'],
  },
  'Upsample by attribute': {
    operator: 'Upsample',
    shape: [1, 2, 5, 7],
    constants: [constant('s', [4], Float32Array.of(1, 1, 2, 3))],
    opset: 9,
  },
  DepthToSpace: { operator: 'DepthToSpace', shape: [1, 12, 3, 5], attributes: { blocksize: 2 } },
  SpaceToDepth: { operator: 'SpaceToDepth', shape: [1, 3, 4, 6], attributes: { blocksize: 2 } },
  'Conv with strides, pads and dilation': {
    operator: 'Conv',
    shape: [1, 4, 17, 20],
    constants: [floats('w', [6, 2, 3, 5])],
    attributes: { group: 2, strides: [2, 3], pads: [1, 0, 2, 4], dilations: [2, 1] },
  },
  'Conv padded to the same size': {
    operator: 'Conv',
    shape: [1, 4, 17, 20],
    constants: [floats('w', [6, 4, 3, 5])],
    attributes: { auto_pad: { text: 'SAME_LOWER' }, strides: [2, 3] },
  },
  'Conv of a waveform': {
    operator: 'Conv',
    shape: [1, 1, 400],
    constants: [floats('w', [8, 1, 10])],
    attributes: { strides: [5] },
  },
  ConvTranspose: {
    operator: 'ConvTranspose',
    shape: [1, 4, 5, 6],
    constants: [floats('w', [4, 3, 4, 3])],
    attributes: { strides: [3, 2], pads: [1, 0, 1, 1], output_padding: [1, 0], group: 2, dilations: [1, 2] },
  },
  'ConvTranspose padded to the same size': {
    operator: 'ConvTranspose',
    shape: [1, 4, 5, 6],
    constants: [floats('w', [4, 3, 4, 3])],
    attributes: { strides: [3, 2], auto_pad: { text: 'SAME_UPPER' } },
  },
  'MaxPool that rounds up': {
    operator: 'MaxPool',
    shape: [1, 3, 10, 11],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 },
  },
  'AveragePool that rounds up into its padding': {
    operator: 'AveragePool',
    shape: [1, 3, 8, 9],
    attributes: { kernel_shape: [2, 2], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 },
  },
  GlobalAveragePool: { operator: 'GlobalAveragePool', shape: [1, 3, 8, 9] },
  'ReduceMean without the axis': {
    operator: 'ReduceMean',
    shape: [1, 3, 8, 9],
    attributes: { axes: [-1, 1], keepdims: 0 },
    opset: 13,
  },
  'ReduceSum over an input of axes': { operator: 'ReduceSum', shape: [1, 3, 8, 9], constants: [integers('a', 2)] },
  'ReduceMax over everything': { operator: 'ReduceMax', shape: [1, 3, 8], attributes: { keepdims: 0 } },
  ArgMax: { operator: 'ArgMax', shape: [1, 3, 8], attributes: { axis: 1, keepdims: 0 } },
  TopK: { operator: 'TopK', shape: [1, 3, 8], constants: [integers('k', 5)], outputs: 2 },
  'Add of operands that are repeated': { operator: 'Add', shape: [1, 3, 1, 8], constants: [floats('b', [3, 5, 1])] },
  Where: {
    operator: 'Where',
    shape: [1, 3, 1],
    constants: [
      { ...constant('c', [1, 4], Uint8Array.of(1, 0, 1, 0)), elementType: elementTypes.bool },
      floats('b', [2, 1, 1]),
    ],
    inputs: ['c', 'x', 'b'],
  },
  'LSTM in both directions': {
    operator: 'LSTM',
    shape: [1, 7, 4],
    constants: [floats('w', [2, 20, 4]), floats('r', [2, 20, 5])],
    attributes: { hidden_size: 5, direction: { text: 'bidirectional' } },
    outputs: 3,
  },
  GRU: {
    operator: 'GRU',
    shape: [1, 7, 4],
    constants: [floats('w', [1, 15, 4]), floats('r', [1, 15, 5])],
    attributes: { hidden_size: 5 },
    outputs: 2,
  },
  LayerNormalization: {
    operator: 'LayerNormalization',
    shape: [1, 3, 8],
    constants: [floats('s', [8]), floats('b', [8])],
    outputs: 3,
  },
  DynamicQuantizeLinear: { operator: 'DynamicQuantizeLinear', shape: [1, 3, 8], outputs: 3 },
  'Shape of inner axes': { operator: 'Shape', shape: [1, 3, 8], attributes: { start: 1, end: -1 } },
};

/** The shapes that ONNX Runtime gives. */
async function runShapes(graph: OnnxGraph, shape: readonly number[]): Promise<(readonly number[])[]> {
  const session = await InferenceSession.create(encodeModel(graph), { logSeverityLevel: 3 });
  try {
    const values = Float32Array.from(
      { length: shape.reduce((product, size) => product * size, 1) },
      (_, index) => index % 7,
    );
    const results = await session.run({ x: new Tensor('float32', values, shape) });
    return graph.outputs.map(({ name }) => results[name]?.dims ?? []);
  } finally {
    await session.release();
  }
}

function graphOf({
  operator,
  shape,
  constants = [],
  inputs,
  attributes = {},
  outputs = 1,
  opset = 17,
}: Case): OnnxGraph {
  const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
  return {
    nodes: [node(operator, inputs ?? ['x', ...constants.map(({ name }) => name)], names, attributes)],
    initializers: constants,
    inputs: [{ name: 'x', elementType: 1, shape }],
    outputs: names.map((name) => ({ name, elementType: outputElementType(operator, name) })),
    opsets: { '': opset },
    irVersion: 8,
    functions: [],
  };
}

function outputElementType(operator: string, name: string): number {
  if (operator === 'Shape' || operator === 'ArgMax' || (operator === 'TopK' && name === 'y1')) return 7;
  return operator === 'DynamicQuantizeLinear' && name !== 'y1' ? 2 : 1;
}

describe('the inferred shape', () => {
  it.each(Object.entries(cases))('of %s is the one that ONNX Runtime gives', async (_, each) => {
    const graph = graphOf(each);
    const { shapes, unknown } = inferShapes(graph);
    expect(unknown).toEqual([]);
    expect(graph.outputs.map(({ name }) => shapes.get(name))).toEqual(await runShapes(graph, each.shape));
  });

  it('follows the arithmetic by which exporters compute the target of a Reshape', async () => {
    const graph: OnnxGraph = {
      ...graphOf({ operator: 'Identity', shape: [1, 6, 4, 10] }),
      nodes: [
        node('Shape', ['x'], ['sizes']),
        node('Gather', ['sizes', 'first'], ['rows'], { axis: 0 }),
        node('Gather', ['sizes', 'last'], ['width'], { axis: 0 }),
        node('Div', ['width', 'two'], ['half']),
        node('Unsqueeze', ['rows', 'front'], ['rows1']),
        node('Unsqueeze', ['half', 'front'], ['half1']),
        node('Concat', ['rows1', 'half1', 'rest'], ['target'], { axis: 0 }),
        node('Reshape', ['x', 'target'], ['y0']),
      ],
      initializers: [
        constant('first', [], BigInt64Array.of(0n)),
        constant('last', [], BigInt64Array.of(-1n)),
        constant('two', [], BigInt64Array.of(2n)),
        integers('front', 0),
        integers('rest', -1),
      ],
    };
    expect(inferShapes(graph).shapes.get('y0')).toEqual([1, 5, 48]);
    expect(await runShapes(graph, [1, 6, 4, 10])).toEqual([[1, 5, 48]]);
  });

  it('follows the arithmetic by which exporters expand to the sizes of another tensor', async () => {
    // Sizes of -1 become those of x: ones are made, negated, and compared.
    const one = messageField(5, [
      ...integerField(1, 1),
      ...integerField(2, 7),
      ...messageField(9, [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)]),
    ]);
    const made = node('ConstantOfShape', ['three'], ['ones']);
    const filled = {
      ...made,
      encoded: [...made.encoded, ...messageField(5, [...stringField(1, 'value'), ...one, ...integerField(20, 4)])],
    };
    const graph: OnnxGraph = {
      ...graphOf({ operator: 'Identity', shape: [1, 6, 4] }),
      nodes: [
        node('Shape', ['x'], ['sizes']),
        filled,
        node('Mul', ['ones', 'minus'], ['negative']),
        node('Equal', ['wanted', 'negative'], ['open']),
        node('Where', ['open', 'ones', 'wanted'], ['target']),
        node('Expand', ['token', 'target'], ['tokens']),
        node('Concat', ['tokens', 'x'], ['y0'], { axis: 1 }),
      ],
      initializers: [
        integers('three', 3),
        integers('wanted', -1, 1, 4),
        constant('minus', [], BigInt64Array.of(-1n)),
        floats('token', [1, 1, 4]),
      ],
    };
    expect(inferShapes(graph).shapes.get('y0')).toEqual([1, 7, 4]);
    expect(await runShapes(graph, [1, 6, 4])).toEqual([[1, 7, 4]]);
  });

  it('of an operation that is not known is unknown, and so is all that follows from it', () => {
    const graph = {
      ...graphOf({ operator: 'Identity', shape: [1, 3] }),
      nodes: [node('Mystery', ['x'], ['a']), node('Relu', ['a'], ['y0']), node('Relu', ['x'], ['b'])],
    };
    const { shapes, unknown } = inferShapes(graph);
    expect([...shapes.keys()]).toEqual(['x', 'b']);
    expect(unknown.map(({ operator }) => operator)).toEqual(['Mystery', 'Relu']);
  });

  it('of what depends on values is the most that it can be, and is marked so', () => {
    const graph = {
      ...graphOf({ operator: 'NonZero', shape: [1, 3, 4] }),
      nodes: [node('NonZero', ['x'], ['a']), node('Transpose', ['a'], ['y0'])],
    };
    const { shapes, bounds } = inferShapes(graph);
    expect(shapes.get('y0')).toEqual([12, 3]);
    expect([...bounds]).toEqual(['a', 'y0']);
  });
});
