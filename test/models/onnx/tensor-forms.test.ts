import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import {
  byteCount,
  floatField,
  integerField,
  messageField,
  type Pieces,
  stringField,
  varint,
} from '../../../src/core/protobuf-writer.ts';
import { inferShapes } from '../../../src/models/onnx/infer-shapes.ts';
import { node, type OnnxGraph, type OnnxNode } from '../../../src/models/onnx/onnx-graph.ts';
import { readModel } from '../../../src/models/onnx/read.ts';
import { collect, writeModel } from '../../../src/models/onnx/write.ts';
import { temporaryFolder, uniform } from '../networks/helpers.ts';

const folder = temporaryFolder();

/** A TensorProto with the given fields of values. */
function tensor(name: string, shape: readonly number[], elementType: number, values: Pieces): Pieces {
  return [
    ...shape.flatMap((size) => integerField(1, size)),
    ...integerField(2, elementType),
    ...values,
    ...stringField(8, name),
  ];
}

const packed = (field: number, values: readonly (number | bigint)[]) => messageField(field, values.map(varint));
const unpacked = (field: number, values: readonly (number | bigint)[]) =>
  values.flatMap((value) => integerField(field, value));

/** An ONNX file, byte by byte: encoded tensors and nodes. */
function writeFile(name: string, tensors: readonly Pieces[], nodes: readonly OnnxNode[] = []): string {
  const value = (label: string) => [
    ...stringField(1, label),
    ...messageField(
      2,
      messageField(1, [...integerField(1, 1), ...messageField(2, messageField(1, stringField(2, 'N')))]),
    ),
  ];
  const graph = [
    ...nodes.flatMap(({ encoded }) => messageField(1, encoded)),
    ...stringField(2, 'g'),
    ...tensors.flatMap((each) => messageField(5, each)),
    ...messageField(11, value('x')),
    ...messageField(12, value('y')),
  ];
  const model = [...integerField(1, 8), ...messageField(7, graph), ...messageField(8, integerField(2, 17))];
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, Buffer.concat(model, byteCount(model)));
  return path;
}

const bytesOf = (values: NodeJS.TypedArray) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('the values of a constant', () => {
  it.each([
    ['bool in int32_data', 9, 5, [1, 0, 1], Uint8Array.of(1, 0, 1)],
    ['uint8 in int32_data', 2, 5, [0, 200, 255], Uint8Array.of(0, 200, 255)],
    ['int8 in int32_data', 3, 5, [-128, -1, 127], Int8Array.of(-128, -1, 127)],
    ['uint16 in int32_data', 4, 5, [0, 40_000, 65_535], Uint16Array.of(0, 40_000, 65_535)],
    ['int16 in int32_data', 5, 5, [-32_768, -2, 32_767], Int16Array.of(-32_768, -2, 32_767)],
    ['int32 in int32_data', 6, 5, [-(2 ** 31), -1, 2 ** 31 - 1], Int32Array.of(-(2 ** 31), -1, 2 ** 31 - 1)],
    ['float16 in int32_data', 10, 5, [0x3c00, 0xbc01, 0x7bff], Uint16Array.of(0x3c00, 0xbc01, 0x7bff)],
    ['bfloat16 in int32_data', 16, 5, [0x3f80, 0xbf81, 0xff7f], Uint16Array.of(0x3f80, 0xbf81, 0xff7f)],
    ['float8 in int32_data', 17, 5, [0x38, 0xb8, 0x7e], Uint8Array.of(0x38, 0xb8, 0x7e)],
    [
      'int64 in int64_data',
      7,
      7,
      [-1n, 2n ** 63n - 1n, -(2n ** 63n)],
      BigInt64Array.of(-1n, 2n ** 63n - 1n, -(2n ** 63n)),
    ],
    ['uint32 in uint64_data', 12, 11, [0, 3_000_000_000, 1], Uint32Array.of(0, 3_000_000_000, 1)],
    [
      'uint64 in uint64_data',
      13,
      11,
      [0n, 2n ** 64n - 1n, 2n ** 35n],
      BigUint64Array.of(0n, 2n ** 64n - 1n, 2n ** 35n),
    ],
  ] as const)('of %s are read, packed and one by one', (_, elementType, field, values, expected) => {
    for (const write of [packed, unpacked]) {
      const [read] = readModel(writeFile('typed', [tensor('w', [3], elementType, write(field, values))])).initializers;
      expect(read).toMatchObject({ name: 'w', shape: [3], elementType, byteLength: expected.byteLength });
      expect(collect(read as NonNullable<typeof read>)).toEqual(bytesOf(expected));
    }
  });

  it('of float64 in double_data and of float32 one by one are read', () => {
    const doubles = Float64Array.of(1 / 3, -2e300);
    const path = writeFile('floats', [
      tensor('d', [2], 11, messageField(10, [bytesOf(doubles)])),
      tensor('f', [2], 1, [...floatField(4, 0.25), ...floatField(4, -3)]),
    ]);
    const [wide, single] = readModel(path).initializers.map(collect);
    expect(wide).toEqual(bytesOf(doubles));
    expect(single).toEqual(bytesOf(Float32Array.of(0.25, -3)));
  });

  it('of 4-bit integers take half a byte each', () => {
    const path = writeFile('int4', [
      tensor('raw', [3], 22, messageField(9, [Uint8Array.of(0x21, 0x0f)])),
      tensor('typed', [2, 2], 21, packed(5, [0x21, 0xfe])),
    ]);
    expect(readModel(path).initializers.map(collect)).toEqual([Uint8Array.of(0x21, 0x0f), Uint8Array.of(0x21, 0xfe)]);
  });

  it('of many integers are read piece by piece', () => {
    const random = uniform(3);
    const values = BigInt64Array.from({ length: 140_000 }, () => BigInt(Math.round((random() - 0.5) * 2 ** 45)));
    const [read] = readModel(writeFile('many', [tensor('w', [140_000], 7, packed(7, [...values]))])).initializers;
    const pieces = [...(read?.pieces() ?? [])].map(({ byteLength }) => byteLength);
    expect(pieces).toEqual([1 << 20, 8 * 140_000 - (1 << 20)]);
    // Compared at once: element by element a megabyte takes minutes.
    expect(Buffer.compare(collect(read as NonNullable<typeof read>), bytesOf(values))).toBe(0);
  });

  it.each([
    ['more', [1, 2, 3], /more values than its shape/],
    ['fewer', [1], /1 values where its shape needs 2/],
  ])('that are %s than the shape has are refused where they are read', (_, values, message) => {
    const [read] = readModel(writeFile('count', [tensor('w', [2], 6, packed(5, values))])).initializers;
    expect(() => collect(read as NonNullable<typeof read>)).toThrow(message);
  });

  it.each([
    ['text', 8, messageField(6, [Uint8Array.of(65)]), /constant 'w' .* has the type string/],
    ['a type that nobody knows', 99, [], /constant 'w' .* has the type number 99/],
  ])(
    'that are %s are refused by name where they are used, and do no harm before',
    (_, elementType, values, message) => {
      const [read] = readModel(writeFile('other', [tensor('w', [1], elementType, values)])).initializers;
      expect(() => collect(read as NonNullable<typeof read>)).toThrow(ModelError);
      expect(() => collect(read as NonNullable<typeof read>)).toThrow(message);
    },
  );
});

describe('a graph', () => {
  it('that slices to the end by 2^63 - 1 is read, wherever the integer stands', () => {
    const most = 2n ** 63n - 1n;
    const slice = node('Slice', ['x', 's', 'e'], ['y']);
    const inputs = writeFile(
      'slice',
      [tensor('s', [1], 7, packed(7, [1])), tensor('e', [1], 7, packed(7, [most]))],
      [slice],
    );
    expect(readModel(inputs).nodes.map(({ operator }) => operator)).toEqual(['Slice']);
    const encoded = [
      ...node('Slice', ['x'], ['y']).encoded,
      ...messageField(5, [...stringField(1, 'starts'), ...integerField(8, 1), ...integerField(20, 7)]),
      ...messageField(5, [...stringField(1, 'ends'), ...packed(8, [most]), ...integerField(20, 7)]),
    ];
    const [read] = readModel(writeFile('old', [], [{ ...slice, encoded }])).nodes;
    expect(read?.attributes).toEqual({ starts: [1], ends: [Number(most)] });
  });

  it('whose nodes are not sorted is brought into order, and gives what it gave', async () => {
    const nodes = [node('Add', ['b', 'a'], ['y']), node('Neg', ['a'], ['b']), node('Exp', ['x'], ['a'])];
    const graph = { ...graphOf(nodes), outputs: [{ name: 'y', elementType: 1 }] };
    writeModel(graph, join(folder, 'unsorted.onnx'), join(folder, 'unsorted.data'));
    const back = readModel(join(folder, 'unsorted.onnx'));
    expect(back.nodes.map(({ operator }) => operator)).toEqual(['Exp', 'Neg', 'Add']);
    expect(inferShapes(back).unknown).toEqual([]);
  });

  it('whose constants are operations gets them as constants', () => {
    const value = messageField(5, [
      ...stringField(1, 'value'),
      ...messageField(5, tensor('ignored', [2], 7, packed(7, [0, -1]))),
      ...integerField(20, 4),
    ]);
    const made = node('Constant', [], ['target']);
    const path = writeFile(
      'constant',
      [],
      [{ ...made, encoded: [...made.encoded, ...value] }, node('Reshape', ['x', 'target'], ['y'])],
    );
    const graph = readModel(path);
    expect(graph.nodes.map(({ operator }) => operator)).toEqual(['Reshape']);
    expect(graph.initializers.map(({ name, shape }) => ({ name, shape }))).toEqual([{ name: 'target', shape: [2] }]);
  });

  it('inside an If is read with what it takes from outside, which is sorted before it and kept', async () => {
    const body = (operator: string): Pieces => [
      ...messageField(1, node(operator, ['outer'], ['r']).encoded),
      ...stringField(2, 'branch'),
      ...messageField(12, [...stringField(1, 'r'), ...messageField(2, messageField(1, integerField(1, 1)))]),
    ];
    const branch = (name: string, operator: string) =>
      messageField(5, [...stringField(1, name), ...messageField(6, body(operator)), ...integerField(20, 5)]);
    const choice = node('If', ['yes'], ['y']);
    const encoded = [...choice.encoded, ...branch('then_branch', 'Exp'), ...branch('else_branch', 'Neg')];
    const path = writeFile(
      'branches',
      [tensor('yes', [], 9, packed(5, [1]))],
      [{ ...choice, encoded }, node('Abs', ['x'], ['outer'])],
    );
    const graph = readModel(path);
    expect(graph.nodes.map(({ operator }) => operator)).toEqual(['Abs', 'If']);
    expect(Object.keys(graph.nodes[1]?.bodies ?? {})).toEqual(['then_branch', 'else_branch']);
    writeModel(graph, join(folder, 'again.onnx'), join(folder, 'again.data'));
    const session = await InferenceSession.create(readFileSync(join(folder, 'again.onnx')));
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(-1), [1]) });
    expect(Number(y?.data[0])).toBeCloseTo(Math.E, 5);
    await session.release();
  });
});

function graphOf(nodes: readonly OnnxNode[]): OnnxGraph {
  return {
    nodes,
    initializers: [],
    inputs: [{ name: 'x', elementType: 1, shape: ['N'] }],
    outputs: [],
    opsets: { '': 17 },
    irVersion: 8,
    functions: [],
  };
}
