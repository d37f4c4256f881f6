import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCard } from '../../../src/graphs/weights/make-card.ts';
import { loadCard } from '../../../src/models/networks/card.ts';
import { network } from '../../../src/models/networks/network.ts';
import { constant, type GraphValue, node, ownOpset } from '../../../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { writeTinyAudio, writeTinyVisual } from '../../fixtures/tiny-networks.ts';

let files: string;
beforeEach(() => {
  files = mkdtempSync(join(tmpdir(), 'make-card-'));
});
afterEach(() => rmSync(files, { recursive: true, force: true }));

/** Writes a network that only flattens its input; shapes are without the batch. */
function writeFlatten(
  shape: readonly (number | string)[],
  more: Partial<GraphValue> & { outputs?: number } = {},
): string {
  const graph = {
    nodes: [node('Flatten', [more.name ?? 'in'], ['flat'], { axis: 1 }), node('Relu', ['flat'], ['out'])],
    initializers: [],
    inputs: [{ name: 'in', elementType: 1, shape: ['N', ...shape], ...more }],
    outputs: [{ name: 'out', elementType: 1 }, ...(more.outputs === 2 ? [{ name: 'flat', elementType: 1 }] : [])],
    opsets: { '': ownOpset },
    irVersion: 8,
    functions: [],
  };
  rmSync(join(files, 'net.data'), { force: true });
  rmSync(join(files, 'net.onnx'), { force: true });
  writeModel(graph, join(files, 'net.onnx'), join(files, 'net.data'));
  return join(files, 'net.onnx');
}

describe('a card made from an ONNX file', () => {
  it('of a visual network loads, runs, and lists what was assumed', async () => {
    writeTinyVisual(files);
    const { path, card, assumptions } = await makeCard({ file: join(files, 'tiny-visual.onnx') });
    expect(path).toBe(join(files, 'tiny-visual.card.json'));
    expect(loadCard(path).card).toEqual(card);
    expect(card).toMatchObject({
      modality: 'visual',
      file: 'tiny-visual.onnx',
      input: { kind: 'frames', name: 'picture', width: 32, height: 32, layout: 'NCHW', dtype: 'float32' },
      output: { name: 'features', dimension: 6 },
    });
    expect(card.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(assumptions.map(({ field }) => field).sort()).toEqual(
      ['channels', 'mean', 'resize', 'scale', 'std'].map((field) => `preprocess.${field}`),
    );
    const look = await network(path, { cacheDirectory: join(files, 'cache') }).open();
    const [row] = await look.embed([new Uint8Array(32 * 32 * 3).fill(128)]);
    expect(row).toHaveLength(6);
    await look.close();
  });

  it('of an audio network that takes samples', async () => {
    writeTinyAudio(files);
    const { card } = await makeCard({ file: join(files, 'tiny-audio.onnx') });
    expect(card).toMatchObject({
      modality: 'audio',
      input: { kind: 'pcm', layout: 'N1S', patchSamples: 15_600, sampleRate: 16_000 },
      output: { name: 'features', dimension: 4 },
    });
  });

  it.each([
    [[3, 48, 64], 'NCHW', { height: 48, width: 64 }, 9216],
    [[48, 64, 3], 'NHWC', { height: 48, width: 64 }, 9216],
    [[3, 'h', 'w'], 'NCHW', { height: 224, width: 224 }, 150_528],
    [[1, 96, 64], 'N1FB', { frames: 96 }, 6144],
    [[96, 64], 'NFB', { frames: 96 }, 6144],
    [[1, 64, 96], 'N1BF', { frames: 96 }, 6144],
    [['time', 64, 1], 'NFB1', { frames: 96 }, 6144],
    [[16_000], 'NS', { patchSamples: 16_000 }, 16_000],
    [['samples'], 'NS', { patchSamples: 15_600 }, 15_600],
    [[16_000, 1], 'NS1', { patchSamples: 16_000 }, 16_000],
  ])('reads an input [N, %j] as %s', async (shape, layout, sizes, dimension) => {
    const { path, card, assumptions } = await makeCard({ file: writeFlatten(shape) });
    expect(loadCard(path).card.input).toMatchObject({ layout, ...sizes });
    expect(card.output.dimension).toBe(dimension);
    expect(assumptions).toContainEqual(expect.objectContaining({ field: 'output.dimension', value: dimension }));
    const fields = assumptions.map(({ field }) => field);
    expect(fields.some((field) => /width|frames|patchSamples/.test(field))).toBe(
      shape.some((size) => typeof size === 'string'),
    );
  });

  it('of a network that takes bytes states no scale, mean or deviation', async () => {
    const { path, assumptions } = await makeCard({ file: writeFlatten([32, 32, 3], { elementType: 2 }) });
    expect(JSON.parse(readFileSync(path, 'utf8')).preprocess).toEqual({ resize: 'crop', channels: 'RGB' });
    expect(assumptions.map(({ field }) => field)).not.toContain('preprocess.mean');
  });

  it('asks which output is meant where there are several, and takes inner tensors too', async () => {
    const file = writeFlatten([3, 8, 8], { outputs: 2 });
    await expect(makeCard({ file })).rejects.toMatchObject({
      code: 'card',
      message: expect.stringMatching(/2 outputs: 'out' float32.*'flat' float32/),
      remedy: expect.stringContaining('`output`'),
    });
    await expect(makeCard({ file, output: 'pool' })).rejects.toThrow(/no tensor 'pool'; its outputs are 'out'/);
    expect((await makeCard({ file, output: 'flat' })).card.output).toEqual({ name: 'flat', dimension: 192 });
  });

  it('is refused for inputs of no known form, naming their shape', async () => {
    await expect(makeCard({ file: writeFlatten([4, 8, 8]) })).rejects.toThrow(/'in' float32 \[N, 4, 8, 8\]/);
    await expect(makeCard({ file: writeFlatten([5]) })).rejects.toThrow(/neither frames nor audio/);
    await expect(makeCard({ file: writeFlatten([3, 8, 8], { elementType: 7 }) })).rejects.toThrow(/'in' int64/);
    await expect(makeCard({ file: writeFlatten([3, 8, 8]), modality: 'audio' })).rejects.toThrow(/not audio/);
    expect(existsSync(join(files, 'net.card.json'))).toBe(false);
  });

  it.each([
    [[1, 64, 64], 'in', /may be audio or a greyscale image: 'in' float32 \[N, 1, 64, 64\]/],
    [[1, 28, 64], 'pixels', /may be audio or a greyscale image/],
    [[784], 'in', /may be audio or a list of features: 'in' float32 \[N, 784\]/],
  ])(
    'asks what [N, %j] named %s is, where it has the shape of sound and of something else',
    async (shape, name, message) => {
      const file = writeFlatten(shape, { name });
      await expect(makeCard({ file })).rejects.toMatchObject({
        code: 'card',
        message: expect.stringMatching(message),
        remedy: expect.stringContaining("`modality: 'audio'`"),
      });
      expect((await makeCard({ file, modality: 'audio' })).card.modality).toBe('audio');
    },
  );

  it('measures how many values a row has where neither the file nor its operations say it', async () => {
    const graph = {
      nodes: [
        node('SequenceConstruct', ['in', 'in'], ['both']),
        node('ConcatFromSequence', ['both'], ['wide'], { axis: 1 }),
        node('Flatten', ['wide'], ['out'], { axis: 1 }),
      ],
      initializers: [],
      inputs: [{ name: 'in', elementType: 1, shape: ['N', 3, 8, 8] }],
      outputs: [{ name: 'out', elementType: 1 }],
      opsets: { '': ownOpset },
      irVersion: 8,
      functions: [],
    };
    writeModel(graph, join(files, 'two.onnx'), join(files, 'two.data'));
    const { path, card, assumptions } = await makeCard({ file: join(files, 'two.onnx') });
    expect(card.output.dimension).toBe(2 * 3 * 8 * 8);
    expect(assumptions).toContainEqual({
      field: 'output.dimension',
      value: 384,
      why: expect.stringContaining('measured'),
    });
    const look = await network(path, { cacheDirectory: join(files, 'cache') }).open();
    expect((await look.embed([new Uint8Array(192)]))[0]).toHaveLength(384);
    await look.close();
  });

  it('takes one value for each row where the output has the rows as its only axis', async () => {
    const graph = {
      nodes: [node('ReduceMean', ['in'], ['out'], { axes: [1, 2, 3], keepdims: 0 })],
      initializers: [],
      inputs: [{ name: 'in', elementType: 1, shape: ['N', 3, 8, 8] }],
      outputs: [{ name: 'out', elementType: 1, shape: ['N'] }],
      opsets: { '': 13 },
      irVersion: 8,
      functions: [],
    };
    writeModel(graph, join(files, 'mean.onnx'), join(files, 'mean.data'));
    expect((await makeCard({ file: join(files, 'mean.onnx') })).card.output.dimension).toBe(1);
  });

  it('says which file of external data is missing, and that it is a pointer where it is one', async () => {
    const graph = {
      nodes: [node('Flatten', ['in'], ['flat'], { axis: 1 }), node('MatMul', ['flat', 'w'], ['out'])],
      initializers: [constant('w', [192, 4], new Float32Array(768))],
      inputs: [{ name: 'in', elementType: 1, shape: ['N', 3, 8, 8] }],
      outputs: [{ name: 'out', elementType: 1 }],
      opsets: { '': ownOpset },
      irVersion: 8,
      functions: [],
    };
    const data = join(files, 'net.weights');
    writeModel(graph, join(files, 'split.onnx'), data);
    const { path } = await makeCard({ file: join(files, 'split.onnx') });
    writeFileSync(data, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3072\n');
    for (const open of [
      () => makeCard({ file: join(files, 'split.onnx'), replace: true }),
      async () => network(path),
    ]) {
      await expect(open()).rejects.toMatchObject({
        code: 'weights',
        message: expect.stringMatching(/net\.weights, where .* keeps the values of 'w', is a Git LFS pointer/),
        remedy: expect.stringContaining('git lfs pull'),
      });
    }
    rmSync(data);
    await expect(makeCard({ file: join(files, 'split.onnx'), replace: true })).rejects.toMatchObject({
      message: expect.stringMatching(/in a separate file, 'net\.weights', and there is no such file/),
      remedy: expect.stringContaining("Get 'net.weights' too"),
    });
  });

  it('never takes the place of another without being asked, and lies where it can name its file', async () => {
    const file = writeFlatten([3, 8, 8]);
    const { path } = await makeCard({ file });
    const before = readFileSync(path, 'utf8');
    await expect(makeCard({ file, output: 'flat' })).rejects.toMatchObject({
      name: 'UsageError',
      remedy: /`replace: true`/,
    });
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect((await makeCard({ file, output: 'flat', replace: true })).card.output.name).toBe('flat');
    mkdirSync(join(files, 'elsewhere'));
    await expect(makeCard({ file, out: join(files, 'elsewhere', 'card.json') })).rejects.toThrow(/in the folder of/);
    await expect(makeCard({ file, out: join(files, 'missing', 'card.json') })).rejects.toThrow(/in the folder of/);
  });
});

describe('a file that no card could name', () => {
  it('a link out of the folder of the card is refused with what to do, and no card is written', async () => {
    const file = writeFlatten([3, 8, 8]);
    mkdirSync(join(files, 'snapshot'));
    const link = join(files, 'snapshot', 'linked.onnx');
    symlinkSync(file, link);
    await expect(makeCard({ file: link })).rejects.toMatchObject({
      code: 'card',
      message: expect.stringMatching(/linked\.onnx is a link that leads outside.*not followed/),
      remedy: expect.stringContaining('Copy the file beside the card'),
    });
    expect(existsSync(join(files, 'snapshot', 'linked.card.json'))).toBe(false);
    // From a folder above both the link leads nowhere else.
    const { path } = await makeCard({ file: link, out: join(files, 'above.json') });
    expect(network(path, { cacheDirectory: join(files, 'cache') }).dimension).toBe(192);
  });

  it.each([
    ['zip.npz', Buffer.from('PK\x03\x04rest of an archive'), /is not an ONNX model: it is a zip archive/],
    ['array.npy', Buffer.from('\x93NUMPY\x01\x00', 'latin1'), /is not an ONNX model: it is a NumPy array/],
    ['words.onnx', Buffer.from('(network) in words\n'), /is not an ONNX model: it is text/],
    ['empty.onnx', Buffer.alloc(0), /is not an ONNX model: it is empty/],
    ['zeros.onnx', Buffer.alloc(64), /is not an ONNX model: it starts with none of the fields/],
  ])('%s is said to be what it is', async (name, bytes, message) => {
    writeFileSync(join(files, name), bytes);
    await expect(makeCard({ file: join(files, name) })).rejects.toMatchObject({
      code: 'weights',
      message: expect.stringMatching(message),
      remedy: expect.stringContaining("importWeights({ name: 'NAME', file: 'FILE' })"),
    });
  });

  it.each([
    ['version https://git-lfs.github.com/spec/v1\n', /it is a Git LFS pointer/],
    ['<!DOCTYPE html><html></html>', /it is a web page/],
  ])('%j is not a model, and is to be fetched itself', async (text, message) => {
    writeFileSync(join(files, 'other.onnx'), text);
    await expect(makeCard({ file: join(files, 'other.onnx') })).rejects.toMatchObject({
      message: expect.stringMatching(message),
      remedy: expect.stringContaining('git lfs pull'),
    });
  });

  it('one that is missing or a folder is refused with what to give', async () => {
    const remedy = 'Give the path of an ONNX file.';
    await expect(makeCard({ file: join(files, 'nosuch.onnx') })).rejects.toMatchObject({ code: 'weights', remedy });
    for (const file of [files, `${files}/`, '.']) {
      await expect(makeCard({ file })).rejects.toMatchObject({ code: 'weights', remedy });
    }
  });
});

const squeezenet = join(import.meta.dirname, '../../../../shared/data/networks/squeezenet');
describe.runIf(existsSync(squeezenet))('a card of SqueezeNet 1.0 (skipped without ../shared)', () => {
  it('agrees with the card that was written by hand in all that the file states', async () => {
    copyFileSync(join(squeezenet, 'squeezenet10.derived.onnx'), join(files, 'squeezenet.onnx'));
    const { card } = await makeCard({ file: join(files, 'squeezenet.onnx'), output: 'fire9_gap' });
    const { card: byHand } = loadCard(join(squeezenet, 'card.json'));
    expect(card.input).toEqual(byHand.input);
    expect(card.output).toEqual(byHand.output);
    expect(card.sha256).toBe(byHand.sha256);
  });
});
