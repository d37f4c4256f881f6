import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelError, UsageError } from '../../../src/core/errors.ts';
import { alexnetDescription } from '../../../src/models/networks/alexnet.ts';
import { architectureGraph, architectureTo, type TensorMaker } from '../../../src/models/networks/architecture.ts';
import { hannWindow, melMatrix } from '../../../src/models/networks/log-mel.ts';
import { type Network, network } from '../../../src/models/networks/network.ts';
import { vggishDescription } from '../../../src/models/networks/vggish.ts';
import { randomTensor } from '../../../src/models/weights/random-weights.ts';
import { temporaryFolder, uniform } from './helpers.ts';
import { computeDirectly } from './reference-network.ts';

const cacheDirectory = temporaryFolder();
const options = { weights: 'random:1', cacheDirectory };
const tensors: TensorMaker = (name, shape, role) => randomTensor(1, name, shape, role);
const alexnetArchitecture = architectureTo(alexnetDescription);

function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const largest = Array.from(b).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] as number))), 0) / largest
  );
}

function picture(seed: number): Uint8Array {
  const random = uniform(seed);
  return Uint8Array.from({ length: 224 * 224 * 3 }, () => 256 * random());
}

describe('alexnet', () => {
  let look: Network<Uint8Array>;
  const pictures = Array.from({ length: 11 }, (_, index) => picture(index + 1));
  beforeAll(async () => {
    look = await network('alexnet', options).open({ workers: 2, batch: 16 });
  });
  afterAll(() => look.close());

  it('equals its definition computed in float64, preprocessing included', async () => {
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ] as const;
    const pixels = pictures[0] as Uint8Array;
    const planes = Float64Array.from({ length: pixels.length }, (_, index) => {
      const channel = Math.floor(index / 50_176);
      return (
        ((pixels[(index % 50_176) * 3 + channel] as number) / 255 - (mean[channel] as number)) /
        (std[channel] as number)
      );
    });
    const expected = computeDirectly(alexnetArchitecture, architectureGraph(alexnetArchitecture, tensors), planes);
    const [vector] = await look.embed([pixels]);
    expect(vector).toHaveLength(4096);
    expect(relativeDifference(vector as Float32Array, expected)).toBeLessThan(1e-5);
  });

  it('gives a row the same vector in any batch, in order, also in partial batches', async () => {
    const together = await look.embed(pictures);
    expect(together).toHaveLength(11);
    for (const index of [0, 7, 8, 10]) {
      const [alone] = await look.embed([pictures[index] as Uint8Array]);
      expect(relativeDifference(together[index] as Float32Array, alone as Float32Array)).toBeLessThan(1e-5);
    }
    expect(relativeDifference(together[0] as Float32Array, together[1] as Float32Array)).toBeGreaterThan(1e-3);
  });

  it('keeps many calls apart that run at once', async () => {
    const alone = await look.embed(pictures);
    const results = await Promise.all(pictures.map((pixels) => look.embed([pixels])));
    for (const [index, [vector]] of results.entries()) {
      expect(relativeDifference(vector as Float32Array, alone[index] as Float32Array)).toBeLessThan(1e-5);
    }
  });

  it('tells its shape before it is opened', () => {
    const plan = network('alexnet', options);
    expect(plan).toMatchObject({
      name: 'alexnet',
      dimension: 4096,
      inputLength: 150_528,
      inputBytes: 150_528,
      random: true,
    });
    expect(plan.weightsBytes).toBeGreaterThan(228_010_000);
    expect(plan.weightsBytes).toBeLessThan(228_020_000);
  });
});

describe('vggish', () => {
  it('equals its definition computed in float64, log-mel included', async () => {
    const random = uniform(4);
    const samples = Float32Array.from(
      { length: 15_600 },
      (_, index) => 0.3 * Math.sin(index * 0.17) + 0.1 * (random() - 0.5),
    );
    const architecture = architectureTo(vggishDescription('relu'));
    const expected = computeDirectly(architecture, architectureGraph(architecture, tensors), directLogMel(samples));
    const listen = await network('vggish', options).open();
    const [vector] = await listen.embed([samples]);
    await listen.close();
    expect(relativeDifference(vector as Float32Array, expected)).toBeLessThan(1e-5);
  });

  it('ends after its last ReLU, or before it when it is to be linear', () => {
    const lastOf = (final: 'relu' | 'linear') =>
      architectureGraph(architectureTo(vggishDescription(final)), tensors).nodes.at(-1);
    expect(lastOf('relu')).toMatchObject({ operator: 'Relu', outputs: ['embedding'] });
    expect(lastOf('linear')).toMatchObject({ operator: 'Gemm', outputs: ['embedding'] });
  });

  it('is another network, for the graph id, when it ends linear or has another seed', () => {
    const plain = network('vggish', options);
    expect(network('vggish', { ...options, final: 'linear' }).cardHash).not.toBe(plain.cardHash);
    expect(network('vggish', { ...options, weights: 'random:2' }).weightsHash).not.toBe(plain.weightsHash);
    expect(network('vggish', options)).toMatchObject({ cardHash: plain.cardHash, weightsHash: plain.weightsHash });
  });
});

describe('a network by name', () => {
  it('that is mistyped is answered with the nearest', () => {
    expect(() => network('alexnett')).toThrow(expect.objectContaining({ remedy: "Did you mean 'alexnet'?" }));
  });

  it('keeps the identity that datasets of earlier versions recorded', () => {
    const identity = (plan: { cardHash: string; weightsHash: string }) => [plan.cardHash, plan.weightsHash];
    expect(identity(network('alexnet', options))).toEqual([
      '1fc19424f50db4418a9191a2eb93d6608e7f2a6a88707c377f8e936add137860',
      '598d05b64f6338e2a4bdf185cd42f41c1c500099c9e4045789b0db2901bc64d0',
    ]);
    expect(identity(network('vggish', options))).toEqual([
      '37b275c8504b4a972a70a9111670f332d8c1a356e9652ded4beaba12c5780ec4',
      '2e9c627291f9af8581bdb6dcc05b373283c1f5deaead0a5c8c64eeda6a65eaa4',
    ]);
    expect(network('vggish', { ...options, final: 'linear' }).cardHash).toBe(
      'effa5cb38b704e9159ae736456cff417b53a78c5af5954ed5609d2799c3b3035',
    );
  });

  it('that is unknown is a usage error that lists the names', () => {
    expect(() => network('alexnett')).toThrow(UsageError);
    expect(() => network('')).toThrow(UsageError);
  });

  it('without weights, or with a file that is not there, says what works', () => {
    for (const weights of [undefined, 'alexnet.pth', 'random:x']) {
      try {
        network('alexnet', weights === undefined ? { cacheDirectory } : { weights, cacheDirectory });
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
        expect((error as ModelError).code).toBe('weights');
      }
    }
  });

  it('is opened with checked settings only', async () => {
    await expect(network('alexnet', options).open({ workers: 0 })).rejects.toThrow(
      /`workers` must be an integer from 1/,
    );
    await expect(network('alexnet', options).open({ batch: 1.5 })).rejects.toThrow(/`batch`/);
    expect(() => network('alexnet', options).memory({ threads: 0 })).toThrow(/`threads`/);
  });
});

describe('the memory of a network', () => {
  it('holds its weights once however many workers there are, and grows with workers and batch', () => {
    const plan = network('alexnet', options);
    const one = plan.memory({ workers: 1, batch: 64 }).resident;
    const two = plan.memory({ workers: 2, batch: 64 }).resident;
    expect(one).toBeGreaterThan(plan.weightsBytes);
    expect(two - one).toBeLessThan(0.5 * plan.weightsBytes);
    expect(two).toBeGreaterThan(one);
    expect(plan.memory({ workers: 1, batch: 8 }).resident).toBeLessThan(one);
  });
});

function directLogMel(samples: Float32Array): Float64Array {
  const window = hannWindow();
  const mel = melMatrix();
  const result = new Float64Array(96 * 64);
  for (let frame = 0; frame < 96; frame++) {
    const bands = new Float64Array(64).fill(0.01);
    for (let bin = 1; bin < 257; bin++) {
      let [real, imaginary] = [0, 0];
      for (let index = 0; index < 400; index++) {
        const value = (samples[frame * 160 + index] as number) * (window[index] as number);
        const angle = (2 * Math.PI * ((bin * index) % 512)) / 512;
        real += value * Math.cos(angle);
        imaginary += value * Math.sin(angle);
      }
      for (let band = 0; band < 64; band++)
        bands[band] = (bands[band] as number) + Math.hypot(real, imaginary) * (mel[bin * 64 + band] as number);
    }
    for (let band = 0; band < 64; band++) result[frame * 64 + band] = Math.log(bands[band] as number);
  }
  return result;
}
