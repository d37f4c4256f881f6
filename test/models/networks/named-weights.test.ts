import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { ModelError, UsageError } from '../../../src/core/errors.ts';
import { type Architecture, architectureGraph, wantedTensors } from '../../../src/models/networks/architecture.ts';
import { checkWeights, lackingLayers, namedWeights } from '../../../src/models/networks/named-weights.ts';
import { network } from '../../../src/models/networks/network.ts';
import { namedNetwork } from '../../../src/models/networks/network-registry.ts';
import { collect, encodeModel } from '../../../src/models/onnx/write.ts';
import { randomTensor } from '../../../src/models/weights/random-weights.ts';
import { floatTensor, type SafetensorsTensor, writeSafetensors } from '../../../src/models/weights/safetensors.ts';
import { readWeights } from '../../../src/models/weights/weight-file.ts';
import { temporaryFolder, uniform } from './helpers.ts';

const folder = temporaryFolder();
const cacheDirectory = join(folder, 'cache');

/** A state dict of SqueezeNet 1.1 with the values of random:1. */
function squeezenet(): Record<string, SafetensorsTensor> {
  const named = namedNetwork('squeezenet1_1', { layer: 'logits' });
  if (!named) throw new Error('squeezenet1_1 is missing');
  return Object.fromEntries(
    wantedTensors(named.architecture).map(({ name, shape, role }) => {
      return [name, { type: 'F32', shape, bytes: collect(randomTensor(1, name, shape, role)) }];
    }),
  );
}

function written(name: string, tensors: Record<string, SafetensorsTensor>): string {
  const path = join(folder, name);
  writeFileSync(path, writeSafetensors(tensors));
  return path;
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).code).toBe('weights');
    return (error as ModelError).message;
  }
  throw new Error('nothing was thrown');
}

describe('a weight file of a named network', () => {
  it('gives the vectors of the values in it', async () => {
    const weights = written('whole.safetensors', squeezenet());
    const frame = Uint8Array.from({ length: 150_528 }, (_, index) => index % 251);
    const vectors = [];
    for (const choice of [weights, 'random:1']) {
      const plan = network('squeezenet1_1', { weights: choice, cacheDirectory });
      const open = await plan.open();
      vectors.push((await open.embed([frame]))[0]);
      await open.close();
    }
    expect(vectors[0]).toEqual(vectors[1]);
  });

  it('is known by the hash of its bytes, and is not random', () => {
    const tensors = squeezenet();
    const plan = network('squeezenet1_1', { weights: written('a.safetensors', tensors), cacheDirectory });
    expect(plan).toMatchObject({ random: false, weightsOrigin: join(folder, 'a.safetensors') });
    const other = { ...tensors, extra: floatTensor(Float32Array.of(1), [1]) };
    const changed = network('squeezenet1_1', { weights: written('b.safetensors', other), cacheDirectory });
    expect(changed.weightsHash).not.toBe(plan.weightsHash);
    expect(changed.cardHash).toBe(plan.cardHash);
  });

  it('may have more than the network knows, and less than its last layers need', () => {
    const tensors: Record<string, SafetensorsTensor> = {
      ...squeezenet(),
      'head.weight': floatTensor(Float32Array.of(1), [1]),
    };
    const { 'classifier.1.weight': _, 'classifier.1.bias': __, ...features } = tensors;
    const path = written('features.safetensors', features);
    expect(() => checkWeights('squeezenet1_1', readWeights(path))).not.toThrow();
    expect(lackingLayers('squeezenet1_1', readWeights(path))).toEqual(['logits']);
    expect(lackingLayers('squeezenet1_1', readWeights(written('all.safetensors', tensors)))).toEqual([]);
    expect(() => network('squeezenet1_1', { weights: path, cacheDirectory })).not.toThrow();
    const message = messageOf(() => network('squeezenet1_1', { weights: path, layer: 'logits', cacheDirectory }));
    expect(message).toMatch(/missing: classifier\.1\.weight \[1000, 512, 1, 1\], classifier\.1\.bias \[1000\]/);
    expect(message).toMatch(/does not know: head\.weight/);
  });

  it('is refused with the tensors that are missing or of another shape', () => {
    const tensors = squeezenet();
    const wrong = {
      ...tensors,
      'features.0.bias': floatTensor(new Float32Array(63), [63]),
      'classifier.1.bias': floatTensor(new Float32Array(10), [10]),
    };
    const message = messageOf(() => checkWeights('squeezenet1_1', readWeights(written('wrong.safetensors', wrong))));
    expect(message).toMatch(
      /features\.0\.bias is \[63\] instead of \[64\], classifier\.1\.bias is \[10\] instead of \[1000\]/,
    );
    const foreign = messageOf(() => checkWeights('vgg16', readWeights(written('c.safetensors', tensors))));
    expect(foreign).toMatch(/missing: .*features\.28\.weight|and \d+ more/);
    expect(foreign.length).toBeLessThan(2000);
  });

  it('is refused with the prefix that all its names have, and with no line of the file in the message', () => {
    const inner = Object.entries(squeezenet()).map(([name, tensor]) => [`encoder.${name}`, tensor] as const);
    const prefixed = readWeights(written('prefixed.safetensors', Object.fromEntries(inner)));
    const remedy = expect.stringContaining("begin with 'encoder.'");
    expect(() => checkWeights('squeezenet1_1', prefixed)).toThrow(expect.objectContaining({ remedy }));
    const lines = { 'x\nreelflow: all is well\u202e': floatTensor(Float32Array.of(1), [1]) };
    const message = messageOf(() => checkWeights('alexnet', readWeights(written('lines.safetensors', lines))));
    expect(message).toContain('x\ufffdreelflow: all is well\ufffd');
    expect(message).not.toMatch(/[\n\u202e]/);
  });

  it.each(['module.', '_orig_mod.', 'model.', 'module.model.', 'model._orig_mod.'])(
    'is taken with the prefix %s of a wrapper, also where other tensors have it not',
    (prefix) => {
      const inner = Object.entries(squeezenet()).map(([name, tensor]) => [prefix + name, tensor] as const);
      const tensors = { ...Object.fromEntries(inner), 'criterion.weight': floatTensor(Float32Array.of(1), [1]) };
      const weights = written(`wrapped-${prefix.length}-${prefix[1]}.safetensors`, tensors);
      checkWeights('squeezenet1_1', readWeights(weights));
      expect(network('squeezenet1_1', { weights, cacheDirectory }).random).toBe(false);
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'with a value of %d is refused when the network is written',
    async (value) => {
      const whole = squeezenet();
      const bytes = Buffer.from(whole['features.3.squeeze.weight']?.bytes ?? []);
      bytes.writeFloatLE(value, 4 * 7);
      const tensors = { ...whole, 'features.3.squeeze.weight': { type: 'F32', shape: [16, 64, 1, 1], bytes } as const };
      const plan = network('squeezenet1_1', { weights: written('not-finite.safetensors', tensors), cacheDirectory });
      await expect(plan.open()).rejects.toMatchObject({
        code: 'weights',
        message: expect.stringContaining(
          "tensor 'features.3.squeeze.weight' has values that are not finite (first at 7)",
        ),
      });
    },
  );

  it('is asked for by the name of a network', () => {
    const file = readWeights(written('d.safetensors', squeezenet()));
    expect(() => checkWeights('squeezenet', file)).toThrow(UsageError);
  });
});

/** VGGish's end alone, so that no test needs the 288 MB before it. */
const ending: Architecture = {
  name: 'vggish',
  input: { name: 'embedding', shape: [128, 1, 1] },
  layers: [
    { kind: 'flatten', order: 'channels-first' },
    { kind: 'whiten-quantise', name: 'postprocessed' },
  ],
  output: 'postprocessed',
};

async function postprocessed(file: string, embedding: Float32Array): Promise<Float32Array> {
  const { tensor } = namedWeights(ending, 'random:1', file, cacheDirectory);
  const session = await ort.InferenceSession.create(encodeModel(architectureGraph(ending, tensor)));
  const rows = embedding.length / 128;
  const results = await session.run({ embedding: new ort.Tensor('float32', embedding, [rows, 128, 1, 1]) });
  await session.release();
  return results.postprocessed?.data as Float32Array;
}

describe("VGGish's post-processing", () => {
  const random = uniform(9);
  const vectors = Float32Array.from({ length: 128 * 128 }, () => 0.4 * (random() - 0.5));
  const means = Float32Array.from({ length: 128 }, () => random());
  const embedding = Float32Array.from({ length: 3 * 128 }, () => 2 * random());

  it('whitens, clips to +-2 and drops fractions, with the parameters of either release', async () => {
    const port = {
      'pproc.pca_eigen_vectors': floatTensor(vectors, [128, 128]),
      'pproc.pca_means': floatTensor(means, [128, 1]),
    };
    const release = { pca_eigen_vectors: floatTensor(vectors, [128, 128]), pca_means: floatTensor(means, [128]) };
    const given = await postprocessed(written('port.safetensors', port), embedding);
    expect(await postprocessed(written('release.safetensors', release), embedding)).toEqual(given);
    let clipped = 0;
    for (const [index, value] of given.entries()) {
      const [row, unit] = [Math.floor(index / 128), index % 128];
      let whitened = 0;
      for (let from = 0; from < 128; from++)
        whitened +=
          (vectors[unit * 128 + from] as number) * ((embedding[row * 128 + from] as number) - (means[from] as number));
      if (Math.abs(whitened) > 2) clipped += 1;
      const exact = ((Math.min(2, Math.max(-2, whitened)) + 2) * 255) / 4;
      expect(Number.isInteger(value)).toBe(true);
      // float32 may fall on the other side of an integer that the exact value touches.
      expect(Math.floor(exact + 1e-3) === value || Math.floor(exact - 1e-3) === value, `${exact} -> ${value}`).toBe(
        true,
      );
    }
    expect(clipped).toBeGreaterThan(3);
    expect(clipped).toBeLessThan(300);
  });

  it('is another network with another identity, and its parameters are part of the hash of weights', () => {
    const path = written('pca.safetensors', {
      pca_eigen_vectors: floatTensor(vectors, [128, 128]),
      pca_means: floatTensor(means, [128]),
    });
    const options = { weights: 'random:1', cacheDirectory };
    const [plain, own, random1] = [
      network('vggish', options),
      network('vggish', { ...options, postprocess: path }),
      network('vggish', { ...options, postprocess: true }),
    ];
    expect(own.card.output).toEqual({ name: 'postprocessed', dimension: 128 });
    expect(own.cardHash).not.toBe(plain.cardHash);
    expect(new Set([plain.weightsHash, own.weightsHash, random1.weightsHash]).size).toBe(3);
    expect(own.random).toBe(true);
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(own.weightsFiles).toEqual([{ role: 'postprocess', sha256, origin: 'pca.safetensors' }]);
    expect(plain.weightsFiles).toEqual([]);
    expect(network('vggish', { ...options, postprocess: false }).cardHash).toBe(plain.cardHash);
  });

  it('is refused where it has no place, or its parameters are not in the file', () => {
    expect(() => network('alexnet', { weights: 'random:1', postprocess: true })).toThrow(/for vggish/);
    expect(() => network('vggish', { weights: 'random:1', postprocess: true, layer: 'fc2' })).toThrow(
      /no effect on the layer 'fc2'/,
    );
    const path = written('no-pca.safetensors', { pca_means: floatTensor(means, [128]) });
    const message = messageOf(() => network('vggish', { weights: 'random:1', postprocess: path, cacheDirectory }));
    expect(message).toMatch(/vggish's post-processing; missing: pca_eigen_vectors \[128, 128\]/);
  });
});
