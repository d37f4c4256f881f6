import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { network } from '../../../src/models/networks/network.ts';
import {
  constant,
  type Initializer,
  node,
  type OnnxGraph,
  type OnnxNode,
} from '../../../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { temporaryFolder, uniform } from './helpers.ts';

const folder = temporaryFolder();
const side = 4;

/** Writes a network from pixels [N, 3, 4, 4], named x, to y [N, dimension], with its card. */
function write(
  name: string,
  nodes: readonly OnnxNode[],
  dimension: number,
  more: { initializers?: readonly Initializer[]; card?: object } = {},
): string {
  const graph: OnnxGraph = {
    nodes,
    initializers: more.initializers ?? [],
    inputs: [{ name: 'x', elementType: 1, shape: ['N', 3, side, side] }],
    outputs: [{ name: 'y', elementType: 1 }],
    opsets: { '': 17 },
    irVersion: 8,
    functions: [],
  };
  writeModel(graph, join(folder, `${name}.onnx`), join(folder, `${name}.data`));
  const card = {
    name,
    modality: 'visual',
    file: `${name}.onnx`,
    input: { kind: 'frames', width: side, height: side, layout: 'NCHW' },
    preprocess: { resize: 'stretch', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
    output: { name: 'y', dimension },
    ...more.card,
  };
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(card));
  return path;
}

const rows = Array.from({ length: 5 }, (_, row) => {
  const random = uniform(row + 1);
  return Uint8Array.from({ length: 3 * side * side }, () => Math.round(255 * random() ** (row + 1)));
});

async function vectors(card: string, batch: number): Promise<number[][]> {
  const opened = await network(card, { cacheDirectory: join(folder, 'cache') }).open({ batch });
  try {
    const found: number[][] = [];
    for (let start = 0; start < rows.length; start += batch) {
      found.push(...(await opened.embed(rows.slice(start, start + batch))).map((vector) => [...vector]));
    }
    return found;
  } finally {
    await opened.close();
  }
}

const mixing = [node('Flatten', ['x'], ['flat']), node('Softmax', ['flat'], ['y'], { axis: 0 })];
const drawing = [
  node('Flatten', ['x'], ['flat']),
  node('RandomNormalLike', ['flat'], ['noise'], {}),
  node('Add', ['flat', 'noise'], ['y']),
];

describe('a network whose rows depend on each other', () => {
  it('is refused when it is opened, with what its card can say', async () => {
    await expect(vectors(write('mixing', mixing, 48), 4)).rejects.toMatchObject({
      code: 'card',
      message: expect.stringMatching(/its rows depend on each other/),
      remedy: expect.stringContaining('"alone": true'),
    });
  });

  it('is refused when a row depends on one five places before it', async () => {
    const nodes = [
      node('Flatten', ['x'], ['flat'], { axis: 1 }),
      node('Slice', ['flat', 'zero', 'five'], ['head']),
      node('Slice', ['flat', 'zero', 'toFive'], ['before']),
      node('Mul', ['head', 'none'], ['padding']),
      node('Concat', ['padding', 'before'], ['shifted'], { axis: 0 }),
      node('Add', ['flat', 'shifted'], ['y']),
    ];
    const initializers = [
      constant('zero', [1], BigInt64Array.of(0n)),
      constant('five', [1], BigInt64Array.of(5n)),
      constant('toFive', [1], BigInt64Array.of(-5n)),
      constant('none', [1], Float32Array.of(0)),
    ];
    await expect(vectors(write('far', nodes, 48, { initializers }), 32)).rejects.toMatchObject({
      code: 'card',
      message: expect.stringContaining('depend on each other'),
    });
  });

  it('gives the same vectors with every size of batch when its card says that rows run alone', async () => {
    const card = write('alone', mixing, 48, { card: { alone: true } });
    const one = await vectors(card, 1);
    expect(await vectors(card, 4)).toEqual(one);
    expect(one[0]).toEqual(Array(48).fill(1));
  });

  it('has another identity alone than together', () => {
    const identity = (name: string, card: object) => network(write(name, mixing, 48, { card })).cardHash;
    expect(identity('alone1', { alone: true })).not.toBe(identity('alone2', { alone: false }));
    expect(identity('alone3', { alone: false })).toBe(identity('alone4', {}));
  });

  it('is taken as it is when its card says that it is not repeatable', async () => {
    const card = write('meant', mixing, 48, { card: { repeatable: false } });
    expect(await vectors(card, 1)).not.toEqual(await vectors(card, 4));
  });
});

describe('a network that draws random numbers', () => {
  it.each([1, 4])('is refused when it is opened with batches of %i', async (batch) => {
    await expect(vectors(write(`drawing${batch}`, drawing, 48), batch)).rejects.toMatchObject({
      code: 'card',
      message: expect.stringMatching(/draws random numbers/),
      remedy: expect.stringContaining('model.eval()'),
    });
  });

  it('is taken as it is when its card says that it is not repeatable', async () => {
    const card = write('chance', drawing, 48, { card: { repeatable: false } });
    expect(await vectors(card, 4)).toHaveLength(5);
  });
});

describe('a network on integers', () => {
  const random = uniform(4);
  const weights = Int8Array.from({ length: 48 * 6 }, () => Math.round(200 * (random() - 0.5)));
  const scale = 0.01;

  /** What the network gives in floating point. */
  const expected = rows.map((row) => {
    // Pixels come as [H, W, 3] and are read as [3, H, W].
    const value = (index: number) => (row[(index % (side * side)) * 3 + Math.floor(index / (side * side))] ?? 0) / 255;
    return Array.from({ length: 6 }, (_, unit) => {
      const products = Array.from(
        { length: 48 },
        (_, index) => value(index) * (weights[6 * index + unit] ?? 0) * scale,
      );
      return products.reduce((sum, each) => sum + each, 0);
    });
  });

  const constants = [
    constant('w', [48, 6], weights),
    constant('wScale', [], Float32Array.of(scale)),
    constant('wZero', [], Int8Array.of(0)),
  ];

  function isNear(found: readonly number[][]): void {
    for (const [row, vector] of found.entries()) {
      for (const [unit, value] of vector.entries()) expect(value).toBeCloseTo(expected[row]?.[unit] as number, 1);
    }
  }

  it('whose scales are found as it runs gives a row the same vector whatever rows are beside it', async () => {
    const nodes = [
      node('Flatten', ['x'], ['flat']),
      node('DynamicQuantizeLinear', ['flat'], ['q', 'scale', 'zero']),
      node('MatMulInteger', ['q', 'w', 'zero', 'wZero'], ['sums']),
      node('Cast', ['sums'], ['floats'], { to: 1 }),
      node('Mul', ['scale', 'wScale'], ['both']),
      node('Mul', ['floats', 'both'], ['y']),
    ];
    const card = write('dynamic', nodes, 6, { initializers: constants });
    const one = await vectors(card, 1);
    isNear(one);
    expect(await vectors(card, 4)).toEqual(one);
  });

  it('whose scales are constants runs in batches', async () => {
    const nodes = [
      node('Flatten', ['x'], ['flat']),
      node('QuantizeLinear', ['flat', 'xScale', 'xZero'], ['q']),
      node('QLinearMatMul', ['q', 'xScale', 'xZero', 'w', 'wScale', 'wZero', 'yScale', 'yZero'], ['sums']),
      node('DequantizeLinear', ['sums', 'yScale', 'yZero'], ['y']),
    ];
    const card = write('static', nodes, 6, {
      initializers: [
        ...constants,
        constant('xScale', [], Float32Array.of(1 / 255)),
        constant('xZero', [], Uint8Array.of(0)),
        constant('yScale', [], Float32Array.of(0.1)),
        constant('yZero', [], Uint8Array.of(128)),
      ],
    });
    const one = await vectors(card, 1);
    isNear(one);
    expect(await vectors(card, 4)).toEqual(one);
  });
});
