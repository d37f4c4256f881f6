import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { hashCard, loadCard, type NetworkCard, parseCard } from '../../../src/models/networks/card.ts';
import { network } from '../../../src/models/networks/network.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { smallCard, smallNetwork, temporaryFolder } from './helpers.ts';

const folder = temporaryFolder();
const cacheDirectory = join(folder, 'cache');
const audioCard = {
  name: 'a',
  modality: 'audio',
  file: 'a.onnx',
  input: { kind: 'log-mel', sampleRate: 16_000, frames: 96, bands: 64, layout: 'N1FB', dtype: 'float32' },
  output: { name: 'e', dimension: 128 },
};

/** A copy of a card with one field replaced; undefined takes it away. */
function changed(card: object, path: string, value: unknown): unknown {
  const copy = structuredClone(card) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() as string;
  const inner = names.reduce((object, name) => object[name] as Record<string, unknown>, copy);
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  return copy;
}

describe('a network card', () => {
  it('is read with its defaults filled in', () => {
    expect(parseCard(smallCard, 'x.json')).toEqual(smallCard);
    expect(parseCard(audioCard, 'x.json').input).toEqual({
      kind: 'log-mel',
      sampleRate: 16_000,
      frames: 96,
      layout: 'N1FB',
      patchSamples: 15_600,
      hopSamples: 15_360,
    });
  });

  it.each([
    ['name', undefined, '`name` must be a non-empty string, but is missing'],
    ['name', 7, '`name` must be a non-empty string, but is 7'],
    ['modality', 'text', "`modality` must be one of 'visual', 'audio', but is 'text'"],
    ['file', '', '`file` must be a non-empty string'],
    ['sha256', 'abc', '`sha256` must be 64 hexadecimal digits'],
    ['input', [], '`input` must be an object, but is an array of 0'],
    ['input', undefined, '`input` must be an object, but is undefined'],
    ['input.kind', 'pcm', "`input.kind` must be 'frames' for modality 'visual', but is 'pcm'"],
    ['input.width', 0, '`input.width` must be an integer from 1 to 4096, but is 0'],
    ['input.height', '227', "`input.height` must be an integer from 1 to 4096, but is '227'"],
    ['input.layout', 'CHW', "`input.layout` must be one of 'NCHW', 'NHWC', but is 'CHW'"],
    ['input.dtype', 'float16', "`input.dtype` must be one of 'float32', 'uint8'"],
    ['input.dtype', 'uint8', "`preprocess.scale` does not apply when `input.dtype` is 'uint8'"],
    ['input.depth', 3, '`input.depth` is not a field of a card;'],
    ['preprocess.channels', 'GBR', "`preprocess.channels` must be one of 'RGB', 'BGR'"],
    ['preprocess.scale', 0, '`preprocess.scale` must be a number other than 0'],
    ['preprocess.mean', [1, 2], '`preprocess.mean` must be three numbers, one per channel, but is [1,2]'],
    ['preprocess.std', [1, 0, 1], '`preprocess.std` must be three numbers above 0, one per channel'],
    ['preprocess.means', [1, 2, 3], '`preprocess.means` is not a field'],
    ['output.name', undefined, '`output.name` must be a non-empty string, but is missing'],
    ['output.dimension', 1.5, '`output.dimension` must be an integer from 1'],
    ['batch', 0, '`batch` must be an integer from 1 to 1024, but is 0'],
    ['modelity', 'visual', '`modelity` is not a field'],
  ])('with %s = %j is refused, naming the field', (path, value, message) => {
    const parse = () => parseCard(changed(smallCard, path, value), 'x.json');
    expect(parse).toThrow(ModelError);
    expect(parse).toThrow(`network card x.json: ${message}`);
  });

  it.each([
    ['input.sampleRate', 44_100, '`input.sampleRate` must be 16000, but is 44100'],
    ['input.bands', 128, '`input.bands` must be 64, but is 128'],
    ['input.layout', 'NCHW', "`input.layout` must be one of 'N1FB'"],
    ['input.patchSamples', 16_000, '`input.patchSamples` must be 15600'],
    ['input.hopSamples', 0, '`input.hopSamples` must be an integer from 1'],
    ['preprocess', {}, '`preprocess` belongs to visual networks only'],
  ])('of sound with %s = %j is refused, naming the field', (path, value, message) => {
    expect(() => parseCard(changed(audioCard, path, value), 'x.json')).toThrow(`network card x.json: ${message}`);
  });

  it('that is not there, or is not JSON, is refused, naming the file', () => {
    expect(() => loadCard(join(folder, 'none.json'))).toThrow(/none\.json cannot be read/);
    const path = join(folder, 'broken.json');
    writeFileSync(path, '{');
    expect(() => loadCard(path)).toThrow(/broken\.json is not JSON/);
    writeFileSync(path, '[]');
    expect(() => loadCard(path)).toThrow(/the card must be an object, but is an array of 0/);
  });

  it('has a hash of what changes values, and of nothing else', () => {
    const card = parseCard(smallCard, 'x') as NetworkCard;
    const hash = (path: string, value: unknown) => hashCard(parseCard(changed(smallCard, path, value), 'x'));
    for (const [path, value] of [
      ['name', 'other'],
      ['file', 'other.onnx'],
      ['batch', 4],
      ['licence', 'MIT'],
    ] as const) {
      expect(hash(path, value)).toBe(hashCard(card));
    }
    for (const [path, value] of [
      ['preprocess.scale', 2],
      ['preprocess.resize', 'crop'],
      ['output.name', 'x'],
      ['input.width', 5],
    ] as const) {
      expect(hash(path, value)).not.toBe(hashCard(card));
    }
  });
});

describe('a card and its file', () => {
  const inner = join(folder, 'inner');
  mkdirSync(inner);
  writeModel(smallNetwork(), join(inner, 'small.onnx'), join(inner, 'small.data'));
  const open = (path: string, value: unknown, weights?: string) => {
    const file = join(inner, 'card.json');
    writeFileSync(file, JSON.stringify(changed(smallCard, path, value)));
    return network(file, { cacheDirectory, weights });
  };

  it.each([
    [
      'output.name',
      'fc7',
      /no tensor 'fc7' for `output.name`; its outputs are 'mean', and its last tensors 'mixed', 'active', 'mean'/,
    ],
    ['output.dimension', 6, /`output.dimension` is 6, but output 'mean' of .* has 5 values per row/],
    ['input.name', 'data', /no input 'data' for `input.name`; its inputs are 'image'/],
    ['input.width', 8, /shape \[N, 3, 4, 4\], but the card says \[N, 3, 4, 8\] \(NCHW, 8x4\)/],
    ['input.layout', 'NHWC', /shape \[N, 3, 4, 4\], but the card says \[N, 4, 4, 3\]/],
    ['file', '../card.json', /must name a file inside the card's own folder/],
    ['file', 'none.onnx', /must name a file inside the card's own folder/],
    ['file', '/etc/passwd', /must name a file inside the card's own folder/],
    ['file', 'card.json', /is not an ONNX model/],
  ])('that disagree in %s = %j are refused, saying what the file has', (path, value, message) => {
    expect(() => open(path, value)).toThrow(ModelError);
    expect(() => open(path, value)).toThrow(message);
  });

  it('fit whatever the ending of the file is, and the remedy names the option that takes one', () => {
    copyFileSync(join(inner, 'small.onnx'), join(inner, 'small.bin'));
    expect(open('file', 'small.bin').weightsFiles).toEqual([
      { role: 'weights', sha256: open('name', 'small').weightsHash, origin: 'small.bin' },
    ]);
    const remedy = expect.stringContaining('`visualWeights`');
    expect(() => open('file', 'none.onnx')).toThrow(expect.objectContaining({ remedy }));
  });

  it('of another hash are refused with both hashes', () => {
    const wrong = 'a'.repeat(64);
    expect(() => open('sha256', wrong)).toThrow(new RegExp(`its SHA-256 is [0-9a-f]{64}, the card says ${wrong}`));
    const right = open('name', 'small').weightsHash;
    expect(open('sha256', right.toUpperCase()).weightsHash).toBe(right);
  });

  it('behind a link out of the folder are refused, unless the user gives the path', () => {
    writeModel(smallNetwork(), join(folder, 'outside.onnx'), join(folder, 'outside.data'));
    symlinkSync(join(folder, 'outside.onnx'), join(inner, 'link.onnx'));
    expect(() => open('file', 'link.onnx')).toThrow(/links that lead outside are not followed/);
    expect(open('file', 'link.onnx', join(folder, 'outside.onnx')).dimension).toBe(5);
  });

  it('with a broken ONNX file are refused', () => {
    const bytes = readFileSync(join(inner, 'small.onnx'));
    writeFileSync(join(inner, 'cut.onnx'), bytes.subarray(0, bytes.length - 9));
    expect(() => open('file', 'cut.onnx')).toThrow(/not a valid ONNX file/);
  });

  it('with a fixed batch larger than 1 are refused', () => {
    writeModel(smallNetwork(4), join(inner, 'fixed.onnx'), join(inner, 'fixed.data'));
    expect(() => open('file', 'fixed.onnx')).toThrow(/fixed batch of 4/);
  });
});
