import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { network } from '../../../src/models/networks/network.ts';
import { constant, elementTypes, node, type OnnxGraph } from '../../../src/models/onnx/onnx-graph.ts';
import { readModel } from '../../../src/models/onnx/read.ts';
import { collect, writeModel } from '../../../src/models/onnx/write.ts';
import { similarity } from '../../../src/models/quantisation/cosine.ts';
import { inFloat16 } from '../../../src/models/quantisation/float16.ts';
import { float16Bits, float16Constant } from '../../../src/models/quantisation/float16-weights.ts';
import { temporaryFolder, uniform } from '../networks/helpers.ts';

const folder = temporaryFolder();
const cacheDirectory = join(folder, 'cache');

describe('a number in float16', () => {
  it('has the bits that IEEE 754 says', () => {
    const known: readonly (readonly [number, number])[] = [
      ...([
        [0, 0],
        [1, 0x3c00],
        [-2, 0xc000],
        [0.333_251_953_125, 0x3555],
        [65_504, 0x7bff],
      ] as const),
      // The least normal number, the greatest below it, the least of all, and what is nearer to 0.
      ...([
        [2 ** -14, 0x0400],
        [2 ** -14 - 2 ** -24, 0x03ff],
        [2 ** -24, 1],
        [2 ** -26, 0],
      ] as const),
      // Halves go to the even neighbour.
      ...([
        [1 + 2 ** -11, 0x3c00],
        [1 + 3 * 2 ** -11, 0x3c02],
        [2 ** -25, 0],
        [3 * 2 ** -25, 2],
      ] as const),
      // Up into the next power of two; out of range.
      ...([
        [2 - 2 ** -12, 0x4000],
        [1e6, 0x7bff],
        [-1e6, 0xfbff],
        [Number.NaN, 0x7e00],
      ] as const),
    ];
    for (const [value, bits] of known) expect(float16Bits(value), String(value)).toBe(bits);
    expect(Object.is(float16Bits(-0), 0x8000)).toBe(true);
  });

  it('is the nearest of all float16 numbers', () => {
    const numberOf = (bits: number) => {
      const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
      return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    };
    const random = uniform(3);
    for (let count = 0; count < 2000; count++) {
      const value = Math.fround(2 ** (30 * random() - 16) * (0.5 + random()));
      if (value > 65_504) continue;
      const bits = float16Bits(value);
      const distance = Math.abs(numberOf(bits) - value);
      if (bits > 0) expect(distance).toBeLessThanOrEqual(Math.abs(numberOf(bits - 1) - value));
      expect(distance).toBeLessThanOrEqual(Math.abs(numberOf(bits + 1) - value));
    }
  });

  it('is made of weights that come in pieces cut anywhere', () => {
    const values = Float32Array.of(1, -2, 0.5);
    const bytes = new Uint8Array(values.buffer);
    const whole = constant('w', [3], values);
    const cut = { ...whole, pieces: () => [bytes.subarray(0, 5), bytes.subarray(5, 6), bytes.subarray(6)] };
    const made = float16Constant('h', cut);
    expect(made).toMatchObject({ name: 'h', shape: [3], byteLength: 6, elementType: elementTypes.float16 });
    expect(new Uint16Array(collect(made).buffer)).toEqual(Uint16Array.of(0x3c00, 0xc000, 0x3800));
  });
});

/**
 * Convolutions with a sum around one, a normalisation, a softmax: float32 [N, 3, 8, 8] to [N, 10].
 */
function cardOf(name: string, opset: number, gain = 1): string {
  const random = uniform(7);
  const draw = (length: number, scale: number) => Float32Array.from({ length }, () => scale * (random() - 0.5));
  const graph: OnnxGraph = {
    nodes: [
      node('Conv', ['image', 'first', 'shift'], ['a'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Relu', ['a'], ['b']),
      node('Conv', ['b', 'second'], ['c'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Add', ['b', 'c'], ['sum']),
      node('LRN', ['sum'], ['normal'], { size: 3 }),
      node('MaxPool', ['normal'], ['d'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Flatten', ['d'], ['e'], { axis: 1 }),
      node('Gemm', ['e', 'dense', 'bias'], ['f'], { transB: 1 }),
      node('Softmax', ['f'], ['g'], { axis: 1 }),
    ],
    initializers: [
      constant('first', [8, 3, 3, 3], draw(8 * 27, gain)),
      constant('shift', [8], draw(8, 0.2)),
      constant('second', [8, 8, 3, 3], draw(8 * 72, 1)),
      constant('dense', [10, 128], draw(1280, 1)),
      constant('bias', [10], draw(10, 0.2)),
    ],
    inputs: [{ name: 'image', elementType: 1, shape: ['N', 3, 8, 8] }],
    outputs: [{ name: 'g', elementType: 1, shape: ['N', 10] }],
    opsets: { '': opset },
    irVersion: 8,
    functions: [],
  };
  const home = join(folder, name);
  mkdirSync(home);
  writeModel(graph, join(home, 'net.onnx'), join(home, 'net.data'));
  const card = {
    name,
    modality: 'visual',
    file: 'net.onnx',
    input: { kind: 'frames', name: 'image', width: 8, height: 8, layout: 'NCHW', dtype: 'float32' },
    preprocess: { scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    output: { name: 'g', dimension: 10 },
  };
  writeFileSync(join(home, 'card.json'), JSON.stringify(card));
  return join(home, 'card.json');
}

/** The operators of a graph in order, and which of them read float16. */
function typesOf(graph: OnnxGraph): string[] {
  return graph.nodes.map(({ operator, inputs, attributes }) =>
    operator === 'Cast'
      ? `Cast ${attributes.to}`
      : `${operator}${inputs[0]?.startsWith('reelflow.float16:') ? ' in float16' : ''}`,
  );
}

describe('a network in float16', () => {
  it('computes convolutions, dense layers and what is between them in float16, all else in float32', () => {
    const plain: OnnxGraph = {
      nodes: [
        node('Conv', ['image', 'first'], ['a']),
        node('Relu', ['a'], ['b']),
        node('Softmax', ['b'], ['c'], { axis: 1 }),
        node('Flatten', ['c'], ['d'], { axis: 1 }),
        node('MatMul', ['d', 'dense'], ['e']),
      ],
      initializers: [
        constant('first', [2, 1, 1, 1], Float32Array.of(1, 2)),
        constant('dense', [8, 1], new Float32Array(8)),
      ],
      inputs: [{ name: 'image', elementType: 1, shape: ['N', 1, 2, 2] }],
      outputs: [{ name: 'e', elementType: 1 }],
      opsets: { '': 17 },
      irVersion: 8,
      functions: [],
    };
    const half = inFloat16(plain, () => false);
    expect(typesOf(half)).toEqual([
      ...['Cast 10', 'Conv in float16', 'Relu in float16', 'Cast 1', 'Softmax', 'Flatten'],
      ...['Cast 10', 'MatMul in float16', 'Cast 1'],
    ]);
    expect(half.initializers.map(({ elementType }) => elementType)).toEqual([10, 10]);
    expect(half.outputs).toEqual(plain.outputs);
    expect(inFloat16(plain, () => true)).toBe(plain);
  });

  it.each([9, 13, 17])(
    'gives vectors close to float32, with weights of half the size (operator set %i)',
    async (opset) => {
      const plan = network<Uint8Array>(cardOf(`close-${opset}`, opset), { cacheDirectory });
      const half = plan.float16();
      const random = uniform(11);
      const rows = Array.from({ length: 5 }, () => Uint8Array.from({ length: 192 }, () => 256 * random()));
      const [exact, rounded] = await Promise.all(
        [plan, half].map(async (each) => {
          const opened = await each.open({ batch: 3 });
          const vectors = [...(await opened.embed(rows.slice(0, 3))), ...(await opened.embed(rows.slice(3)))];
          await opened.close();
          return vectors;
        }),
      );
      const { least } = similarity(exact as Float32Array[], rounded as Float32Array[]);
      expect(least).toBeGreaterThan(0.999_99);
      // It is another computation: not the same bits.
      expect(rounded).not.toEqual(exact);
      expect(half).toMatchObject({ precision: 'float16', convolutions: 'direct', dimension: 10 });
      const weights = 8 * 27 + 8 + 8 * 72 + 1280 + 10;
      expect(plan.weightsBytes - half.weightsBytes).toBe(2 * weights);
    },
  );

  it('keeps the spectrogram of sound as it is, and takes half of the memory of a device', () => {
    const plan = network('vggish', { weights: 'random:1', layer: 'features.2', cacheDirectory });
    const graphOf = (each: typeof plan) =>
      readModel(each.rehearsed({ device: 'cuda', batch: 4 }).plan.parts[0]?.model as string);
    const [exact, half] = [graphOf(plan), graphOf(plan.float16())];
    const isConv = (type: string) => type.startsWith('Conv');
    const [before, after] = [typesOf(exact), typesOf(half)];
    expect(before.filter((type) => type === 'MatMul')).toHaveLength(3);
    expect(after.slice(0, after.findIndex(isConv) - 1)).toEqual(before.slice(0, before.findIndex(isConv)));
    expect(after.filter((type) => type.endsWith('in float16'))).not.toEqual([]);
    const memoryOf = (each: typeof plan) => each.deviceMemory({ sessions: 1, batch: 8 }).session;
    expect(memoryOf(plan) / memoryOf(plan.float16())).toBeGreaterThan(1.9);
  });

  it('is refused where no layer can take it', () => {
    const home = join(folder, 'none');
    mkdirSync(home);
    const graph: OnnxGraph = {
      nodes: [node('GlobalAveragePool', ['image'], ['a']), node('Flatten', ['a'], ['b'], { axis: 1 })],
      initializers: [],
      inputs: [{ name: 'image', elementType: 1, shape: ['N', 3, 8, 8] }],
      outputs: [{ name: 'b', elementType: 1, shape: ['N', 3] }],
      opsets: { '': 17 },
      irVersion: 8,
      functions: [],
    };
    writeModel(graph, join(home, 'net.onnx'), join(home, 'net.data'));
    const card = {
      ...{ name: 'none', modality: 'visual', file: 'net.onnx', output: { name: 'b', dimension: 3 } },
      preprocess: { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
      input: { kind: 'frames', name: 'image', width: 8, height: 8, layout: 'NCHW', dtype: 'float32' },
    };
    writeFileSync(join(home, 'card.json'), JSON.stringify(card));
    expect(() => network(join(home, 'card.json'), { cacheDirectory }).float16()).toThrow(
      expect.objectContaining({ code: 'precision' }),
    );
  });
});
