import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { network, type UnopenedNetwork } from '../../../src/models/networks/network.ts';
import { constant, node, type OnnxGraph } from '../../../src/models/onnx/onnx-graph.ts';
import { collect, writeModel } from '../../../src/models/onnx/write.ts';
import { calibrate } from '../../../src/models/quantisation/calibrate.ts';
import { cosine } from '../../../src/models/quantisation/cosine.ts';
import { quantiseWeights, weightLimit } from '../../../src/models/quantisation/quantised-weights.ts';
import { activationScale } from '../../../src/models/quantisation/range.ts';
import { temporaryFolder, uniform } from '../networks/helpers.ts';

const folder = temporaryFolder();
const cacheDirectory = join(folder, 'cache');

/**
 * Two convolutions, a pooling, a dense layer: float32 [N, 3, 8, 8] to [N, 10], in a given operator
 * set.
 */
function cardOf(name: string, opset: number, gain = 1): string {
  const random = uniform(7);
  const draw = (length: number, scale: number) => Float32Array.from({ length }, () => scale * (random() - 0.5));
  const first = draw(8 * 27, 1);
  // One channel much larger than the others leaves these no steps of their own.
  for (let index = 0; index < 27; index++) first[index] = (first[index] as number) * gain;
  const second = draw(8 * 72, 1);
  for (let unit = 0; unit < 8; unit++)
    for (let at = 0; at < 9; at++) second[unit * 72 + at] = (second[unit * 72 + at] as number) / gain;
  const graph: OnnxGraph = {
    nodes: [
      node('Conv', ['image', 'first', 'shift'], ['a'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Relu', ['a'], ['b']),
      node('Conv', ['b', 'second'], ['c'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Relu', ['c'], ['d']),
      node('MaxPool', ['d'], ['e'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Flatten', ['e'], ['f'], { axis: 1 }),
      node('Gemm', ['f', 'dense', 'bias'], ['g'], { transB: 1 }),
    ],
    initializers: [
      constant('first', [8, 3, 3, 3], first),
      constant('shift', [8], draw(8, 0.2)),
      constant('second', [8, 8, 3, 3], second),
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
    preprocess: { resize: 'stretch', channels: 'RGB', scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    output: { name: 'g', dimension: 10 },
  };
  writeFileSync(join(home, 'card.json'), JSON.stringify(card));
  return join(home, 'card.json');
}

const picture = (seed: number) => {
  const random = uniform(seed);
  return Uint8Array.from({ length: 192 }, () => 256 * random());
};
const pictures = (from: number) => Array.from({ length: 16 }, (_, index) => picture(from + index));
const inputs = { ranging: pictures(1), heldOut: pictures(100) };
const open = (path: string) => network(path, { cacheDirectory }) as UnopenedNetwork<Uint8Array>;

describe('static quantisation to int8', () => {
  for (const opset of [11, 17]) {
    it(`stays close to float32 on inputs that were not calibrated on (operator set ${opset})`, async () => {
      const { ranges, similarity } = await calibrate(open(cardOf(`opset-${opset}`, opset)), inputs, {
        rows: 8,
        threads: 1,
      });
      expect(similarity.least).toBeGreaterThan(0.99);
      expect(similarity.least).toBeLessThan(1);
      expect(Object.keys(ranges).sort()).toEqual(['b', 'd', 'image']);
      expect(ranges.b?.[0]).toBe(0);
    });
  }

  it('tells a network that 8 bits are too few for', async () => {
    const { similarity } = await calibrate(open(cardOf('uneven', 17, 3000)), inputs, { rows: 8, threads: 1 });
    expect(similarity.mean).toBeLessThan(0.99);
  });

  it('gives the same bits in every run, and weighs about a quarter', async () => {
    const plan = open(cardOf('again', 17));
    const first = await calibrate(plan, inputs, { rows: 8, threads: 1 });
    const second = await calibrate(plan, inputs, { rows: 8, threads: 1 });
    expect(second).toEqual(first);
    const vectors = [];
    for (let run = 0; run < 2; run++) {
      const opened = await plan.quantised(first.ranges).open({ batch: 16 });
      vectors.push(await opened.embed(inputs.heldOut));
      await opened.close();
    }
    expect(vectors[1]).toEqual(vectors[0]);
    expect(plan.quantised(first.ranges).weightsBytes).toBeLessThan(0.4 * plan.weightsBytes);
  });

  it('other ranges are another network; a missing one is refused', () => {
    const plan = open(cardOf('ranges', 17));
    const ranges = { image: [-2, 2], b: [0, 3], d: [0, 4] } as const;
    const hash = plan.quantised(ranges).rangesHash;
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(plan.quantised({ ...ranges, d: [0, 4.5] }).rangesHash).not.toBe(hash);
    expect(plan.rangesHash).toBeUndefined();
    expect(() => plan.quantised({ image: [-2, 2], b: [0, 3] })).toThrow(ModelError);
  });

  it('keeps zero exact and covers the range of an activation', () => {
    expect(activationScale([0, 5.1])).toEqual({ scale: Math.fround(5.1 / 255), zeroPoint: 0 });
    const { scale, zeroPoint } = activationScale([-1, 3]);
    expect(zeroPoint).toBe(64);
    expect(scale * (255 - zeroPoint)).toBeGreaterThan(2.98);
    expect(activationScale([0, 0])).toEqual({ scale: 1, zeroPoint: 0 });
  });

  it('rounds each channel by its own scale, so that two products never leave 16 bits', () => {
    const weights = constant('w', [2, 3], Float32Array.of(1, -0.5, 0.25, 100, -100, 0));
    const made = quantiseWeights('q', weights, 0, undefined, 1);
    expect([...new Int8Array(collect(made.values).buffer)]).toEqual([64, -32, 16, 64, -64, 0]);
    expect([...new Float32Array(collect(made.scales).buffer)]).toEqual([1 / 64, 100 / 64]);
    expect(2 * 255 * weightLimit).toBeLessThan(2 ** 15);
  });

  it('reads weights in pieces that end inside a number, and makes its own in one buffer', () => {
    const values = Float32Array.from({ length: 100 }, (_, index) => Math.sin(index));
    const bytes = new Uint8Array(values.buffer);
    function* chopped() {
      const piece = new Uint8Array(37);
      for (let start = 0; start < bytes.length; start += piece.length) {
        const part = bytes.subarray(start, start + piece.length);
        piece.set(part);
        yield piece.subarray(0, part.length);
      }
    }
    const whole = constant('w', [4, 25], values);
    const made = quantiseWeights('q', { ...whole, pieces: chopped }, 0, undefined, 1);
    const expected = quantiseWeights('q', whole, 0, undefined, 1);
    expect(collect(made.values)).toEqual(collect(expected.values));
    expect(collect(made.scales)).toEqual(collect(expected.scales));
    expect(new Set([...made.values.pieces()].map(({ buffer }) => buffer)).size).toBe(1);
  });

  it('stops between batches', async () => {
    const stop = new AbortController();
    const running = calibrate(open(cardOf('stopped', 17)), inputs, { rows: 1, threads: 1, signal: stop.signal });
    setImmediate(() => stop.abort());
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });

  it('cosine similarity is that of its definition, and defined for zeros', () => {
    expect(cosine(Float32Array.of(3, 4), Float32Array.of(4, 3))).toBeCloseTo(24 / 25, 12);
    expect(cosine(new Float32Array(2), new Float32Array(2))).toBe(1);
    expect(cosine(new Float32Array(2), Float32Array.of(1, 0))).toBe(0);
  });
});
