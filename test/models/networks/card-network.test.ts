import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SystemError, UsageError } from '../../../src/core/errors.ts';
import { findFfmpeg } from '../../../src/io/media/ffmpeg.ts';
import { type Network, network } from '../../../src/models/networks/network.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { smallCard, smallNetwork, temporaryFolder, uniform, valuesOf } from './helpers.ts';

const shared = join(import.meta.dirname, '../../../../shared');
const folder = temporaryFolder();
const cacheDirectory = join(folder, 'cache');

function writeCard(name: string, card: object, rows: number | string = 'N'): string {
  const home = join(folder, name);
  mkdirSync(home);
  writeModel(smallNetwork(rows), join(home, 'small.onnx'), join(home, 'small.data'));
  writeFileSync(join(home, 'card.json'), JSON.stringify(card));
  return join(home, 'card.json');
}

/** `smallNetwork` by its definition, with the preprocessing of `smallCard`. */
function expected(pixels: Uint8Array): number[] {
  const weights = valuesOf(smallNetwork().initializers[0] as never);
  const { scale, mean, std } = smallCard.preprocess;
  return Array.from({ length: 5 }, (_, unit) => {
    let sum = 0;
    for (let position = 0; position < 16; position++) {
      let value = 0;
      for (let channel = 0; channel < 3; channel++) {
        // BGR: the network's first channel is the last of the pixel.
        const raw = pixels[position * 3 + 2 - channel] as number;
        value +=
          (weights[unit * 3 + channel] as number) *
          ((raw * scale - (mean[channel] as number)) / (std[channel] as number));
      }
      sum += Math.max(0, value);
    }
    return sum / 16;
  });
}

function picture(seed: number): Uint8Array {
  const random = uniform(seed);
  return Uint8Array.from({ length: 48 }, () => 256 * random());
}

function expectClose(vector: Float32Array | undefined, wanted: readonly number[]): void {
  expect(vector).toHaveLength(wanted.length);
  for (const [index, value] of wanted.entries()) expect(vector?.[index]).toBeCloseTo(value, 3);
}

describe('a network that takes pictures of any size', () => {
  it('has at an inner tensor as many values as follow from the size in its card', () => {
    const home = join(folder, 'any-size');
    mkdirSync(home);
    const graph = smallNetwork();
    const inputs = [{ name: 'image', elementType: 1, shape: ['N', 3, 'height', 'width'] }];
    writeModel({ ...graph, inputs }, join(home, 'small.onnx'), join(home, 'small.data'));
    const input = { ...smallCard.input, width: 6, height: 4 };
    writeFileSync(join(home, 'card.json'), JSON.stringify({ ...smallCard, input }));
    const plan = network(join(home, 'card.json'), { cacheDirectory, layer: 'active' });
    expect(plan.card.output).toEqual({ name: 'active', dimension: 5 * 4 * 6 });
  });
});

describe('a network from a network card', () => {
  const path = writeCard('plain', smallCard);

  it('ends at any of its tensors that is asked for', async () => {
    const plan = network(path, { cacheDirectory, layer: 'active' });
    expect(plan.card.output).toEqual({ name: 'active', dimension: 80 });
    expect(plan.cardHash).not.toBe(network(path, { cacheDirectory }).cardHash);
    const look = await plan.open();
    const [active] = await look.embed([picture(1)]);
    await look.close();
    const means = Array.from({ length: 5 }, (_, unit) => {
      return (active as Float32Array).subarray(16 * unit, 16 * unit + 16).reduce((sum, value) => sum + value / 16, 0);
    });
    expectClose(Float32Array.from(means), expected(picture(1)));
    expect(() => network(path, { cacheDirectory, layer: 'pool5' })).toThrow(
      /has no tensor 'pool5'; its last tensors are/,
    );
  });

  it('gives what its definition gives, preprocessing and channel order included', async () => {
    const look = await network(path, { cacheDirectory }).open({ workers: 2 });
    const pictures = Array.from({ length: 21 }, (_, index) => picture(index + 1));
    const vectors = await look.embed(pictures);
    for (const [index, pixels] of pictures.entries()) expectClose(vectors[index], expected(pixels));
    await look.close();
  });

  it('with a fixed batch of 1 takes batches all the same', async () => {
    const look = await network(writeCard('one', smallCard, 1), { cacheDirectory }).open({ batch: 4 });
    const vectors = await look.embed([picture(1), picture(2), picture(3)]);
    expectClose(vectors[2], expected(picture(3)));
    await look.close();
  });

  it('can give any tensor of the graph', async () => {
    const look = await network(writeCard('inner', { ...smallCard, output: { name: 'active', dimension: 80 } }), {
      cacheDirectory,
    }).open();
    const [vector] = await look.embed([picture(1)]);
    const means = Array.from({ length: 5 }, (_, unit) =>
      (vector as Float32Array).subarray(unit * 16, unit * 16 + 16).reduce((sum, value) => sum + value / 16, 0),
    );
    expectClose(Float32Array.from(means), expected(picture(1)));
    await look.close();
  });

  it('whose tensor has another length than the card says is refused when it is opened', async () => {
    const plan = network(writeCard('wrong', { ...smallCard, output: { name: 'active', dimension: 79 } }), {
      cacheDirectory,
    });
    await expect(plan.open()).rejects.toThrow(/has 80 values per row \(\[5,4,4\]\), but the card says dimension 79/);
    await expect(plan.open()).rejects.toMatchObject({ code: 'shape' });
  });

  it('is prepared once, and again when the prepared files were damaged', async () => {
    const own = join(folder, 'own-cache');
    const vectorOf = async () => {
      const look = await network(path, { cacheDirectory: own }).open();
      const [vector] = await look.embed([picture(1)]);
      await look.close();
      return vector;
    };
    const first = await vectorOf();
    const [key] = readdirSync(join(own, 'models'));
    const part = join(own, 'models', key as string, 'part-0.onnx');
    writeFileSync(part, '');
    expect(await vectorOf()).toEqual(first);
    rmSync(part);
    expect(await vectorOf()).toEqual(first);
    expect(readdirSync(join(own, 'models'))).toEqual([key]);
  });

  it('says where, when the cache cannot be written', async () => {
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, '');
    expect(() => network(path, { cacheDirectory: blocked })).toThrow(
      expect.objectContaining({ code: 'not-writable', message: expect.stringContaining(blocked) }),
    );
  });
});

describe('an open network', () => {
  const path = writeCard('life', smallCard);
  const open = (options = {}) => network(path, { cacheDirectory }).open(options) as Promise<Network<Uint8Array>>;

  it('refuses wrong inputs and keeps working', async () => {
    const look = await open({ batch: 2 });
    await expect(look.embed([picture(1), picture(2), picture(3)])).rejects.toThrow(/at most 2, but is an array of 3/);
    await expect(look.embed([new Uint8Array(47)])).rejects.toThrow(
      /must be a Uint8Array of 48, but is a Uint8Array of 47/,
    );
    await expect(look.embed([new Float32Array(48) as never])).rejects.toThrow(UsageError);
    expect(await look.embed([])).toEqual([]);
    expectClose((await look.embed([picture(1)]))[0], expected(picture(1)));
    await look.close();
  });

  it('lets running batches end when it is closed, and refuses what comes later', async () => {
    const look = await open();
    const running = look.embed([picture(1)]);
    const closing = look.close();
    expectClose((await running)[0], expected(picture(1)));
    await closing;
    await look.close();
    await expect(look.embed([picture(1)])).rejects.toThrow(/small was closed/);
  });

  it('gives vectors that later batches do not change, and takes inputs that are changed afterwards', async () => {
    const look = await open();
    const pixels = picture(1);
    const [vector] = await look.embed([pixels]);
    pixels.fill(0);
    await Promise.all(Array.from({ length: 8 }, (_, index) => look.embed([picture(index + 50)])));
    expectClose(vector, expected(picture(1)));
    await look.close();
  });

  it('fails what runs and what waits, and does not hang, when a thread dies', async () => {
    const look = await open({ workers: 1 });
    const running = Array.from({ length: 6 }, (_, index) => look.embed([picture(index + 1)]));
    const outcomes = Promise.allSettled(running);
    await look.abort();
    const failed = (await outcomes).filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) {
      expect(reason).toBeInstanceOf(SystemError);
      expect(reason.message).toMatch(/an inference thread of small ended unexpectedly/);
    }
    await expect(look.embed([picture(1)])).rejects.toThrow(SystemError);
    await look.close();
  });
});

describe.skipIf(!existsSync(join(shared, 'data/networks/squeezenet')))(
  'SqueezeNet by its card (needs ../shared)',
  () => {
    const home = join(shared, 'data/networks/squeezenet');
    const clip = 'v_GGSY1Qvo990';

    /** The frames of the reference: one in each fifth of the clip. */
    const sampled = [39, 117, 196, 274, 353];

    async function framesOf(): Promise<Uint8Array[]> {
      const select = sampled.map((index) => `eq(n,${index})`).join('+');
      const filters = ['-vf', `select='${select}',scale=227:227:flags=bilinear`, '-fps_mode', 'passthrough'];
      const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
      const input = ['-v', 'error', '-i', join(shared, 'data/media', `${clip}.mp4`)];
      const { stdout } = await promisify(execFile)(findFfmpeg().path, [...input, ...filters, ...raw], {
        encoding: 'buffer',
        maxBuffer: 1 << 24,
      });
      return sampled.map((_, index) => stdout.subarray(index * 154_587, (index + 1) * 154_587));
    }

    it('gives the reference features and classes', async () => {
      const reference = JSON.parse(readFileSync(join(shared, 'data/reference/squeezenet_reference.json'), 'utf8'));
      const frames = await framesOf();
      const features = await network(join(home, 'card.json'), { cacheDirectory }).open();
      const vectors = await features.embed(frames);
      await features.close();

      const classes = join(folder, 'classes');
      mkdirSync(classes);
      const card = JSON.parse(readFileSync(join(home, 'card.json'), 'utf8'));
      copyFileSync(join(home, card.file), join(classes, card.file));
      writeFileSync(join(classes, 'card.json'), JSON.stringify({ ...card, output: { name: 'prob', dimension: 1000 } }));
      const classifier = await network(join(classes, 'card.json'), { cacheDirectory }).open();
      const scores = await classifier.embed(frames);
      await classifier.close();

      for (const [index, frame] of reference.frames.entries()) {
        const vector = vectors[index] as Float32Array;
        const mean = vector.reduce((sum, value) => sum + value / 512, 0);
        expect(Math.abs(mean - frame.gap_mean) / frame.gap_mean).toBeLessThan(1e-3);
        for (const [at, value] of frame.gap_first8.entries())
          expect(Math.abs((vector[at] as number) - value)).toBeLessThan(1e-3);
        const ranked = [...(scores[index] as Float32Array).entries()].sort((a, b) => b[1] - a[1]).slice(0, 3);
        expect(ranked.map(([label]) => label)).toEqual(frame.top3.map(([label]: [number]) => label));
        for (const [place, [, score]] of ranked.entries())
          expect(Math.abs(score - frame.top3[place][2])).toBeLessThan(1e-4);
      }
    });
  },
);
