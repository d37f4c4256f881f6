import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { elementTypes } from '../../../src/models/onnx/onnx-graph.ts';
import { floatInitializer, readWeights, type WeightTensor } from '../../../src/models/weights/weight-file.ts';
import { joined, sampleFiles } from '../../fixtures/weights/samples.ts';
import { temporaryFolder, valuesOf } from '../networks/helpers.ts';

const folder = temporaryFolder();
const samples = sampleFiles(folder);
const write = (name: string, bytes: Uint8Array | string) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const sine = (count: number) => Array.from({ length: count }, (_, index) => Math.fround(Math.sin(index)));
const values = (tensor: WeightTensor | undefined) => [...valuesOf(floatInitializer(tensor as WeightTensor))];

describe('a weight file', () => {
  it.each([
    ['pth', 'pth'],
    ['pth-deflated', 'pth'],
    ['pth-legacy', 'pth-legacy'],
  ])('of PyTorch (%s) gives its tensors, whatever their strides, types and name of the file', (sample, format) => {
    const file = readWeights(write('weights.bin', samples.get(sample) as Buffer));
    expect(file.format).toBe(format);
    expect([...file.tensors.values()].map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ['features.0.weight', 'F32', [2, 3, 4]],
      ['features.0.transposed', 'F32', [4, 6]],
      ['features.0.bias', 'F32', [3]],
      ['features.1.num_batches_tracked', 'I64', []],
      ['classifier.half', 'F16', [2, 2]],
    ]);
    const source = sine(24);
    expect(values(file.tensors.get('features.0.weight'))).toEqual(source);
    expect(values(file.tensors.get('features.0.transposed'))).toEqual(
      source.map((_, index) => source[Math.floor(index / 6) + 4 * (index % 6)]),
    );
    expect(values(file.tensors.get('features.0.bias'))).toEqual([source[5], source[7], source[9]]);
    expect(values(file.tensors.get('features.1.num_batches_tracked'))).toEqual([3]);
    expect(values(file.tensors.get('classifier.half'))).toEqual(new Array(4).fill(1 + 60 / 1024 - 0));
  });

  it.each([
    ['safetensors', 'safetensors', 'a', [2, 3]],
    ['npz', 'npz', 'first', [2, 3]],
    ['npz-deflated', 'npz', 'first', [2, 3]],
    ['npy', 'npy', '', [4, 6]],
    ['onnx', 'onnx', 'weight', [2, 3]],
  ])('of %s is told by its content', (sample, format, name, shape) => {
    const file = readWeights(write('weights.bin', samples.get(sample) as Buffer));
    expect(file.format).toBe(format);
    const tensor = file.tensors.get(name);
    expect(tensor?.shape).toEqual(shape);
    expect(values(tensor)).toEqual(sine(shape[0] === 2 ? 6 : 24));
  });

  it('gives the integers of safetensors and ONNX as they are, and as float32 where asked', () => {
    const counts = readWeights(write('a', samples.get('safetensors') as Buffer)).tensors.get('b');
    expect(joined(counts?.pieces() ?? [])).toEqual(Buffer.from(Int32Array.of(1, 2).buffer));
    const initializer = floatInitializer(counts as WeightTensor, 'renamed');
    expect(initializer).toMatchObject({ name: 'renamed', elementType: elementTypes.float32, byteLength: 8 });
    const count = readWeights(write('b', samples.get('onnx') as Buffer)).tensors.get('count');
    expect(count).toMatchObject({ type: 'I64', shape: [1], byteLength: 8 });
    expect(values(count)).toEqual([4]);
  });

  it.each([
    ['nothing', '', 'is empty'],
    ['a web page', '<!DOCTYPE html><html>', 'is a web page'],
    ['a pointer', 'version https://git-lfs.github.com/spec/v1\n', 'Git LFS'],
    ['HDF5', '\x89HDF\r\n', 'HDF5'],
    ['text', 'conv1 0.1 0.2', 'not in a supported format'],
    ['text whose first letter could begin a model', 'root:x:0:0:root:/root\n', 'not in a supported format'],
  ])('of %s is refused, with what can be read', (_, content, message) => {
    const path = write('other', Buffer.from(content, 'latin1'));
    expect(() => readWeights(path)).toThrow(message);
    expect(() => readWeights(path)).toThrow(ModelError);
  });

  it('that is missing, a folder or a named pipe is refused without waiting', () => {
    expect(() => readWeights(join(folder, 'missing.pth'))).toThrow('cannot be read');
    expect(() => readWeights(folder)).toThrow('is not a file');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => readWeights(pipe)).toThrow('is not a file');
  });

  it('that changes after its structure was read is refused when values are asked for', () => {
    const path = write('changing', samples.get('pth') as Buffer);
    const tensor = readWeights(path).tensors.get('features.0.weight') as WeightTensor;
    writeFileSync(path, Buffer.concat([samples.get('pth') as Buffer, Buffer.alloc(1)]));
    expect(() => [...tensor.pieces()]).toThrow('has changed since its structure was read');
  });

  it('is damaged when a storage does not have its checksum; parts of it are not verified', () => {
    const bytes = Buffer.from(samples.get('pth') as Buffer);
    const at = bytes.indexOf(Buffer.from(Float32Array.from(sine(24)).buffer));
    bytes[at + 90] = (bytes[at + 90] ?? 0) ^ 1;
    const { tensors } = readWeights(write('damaged', bytes));
    expect(() => joined(tensors.get('features.0.weight')?.pieces() ?? [])).toThrow('CRC-32');
    expect(values(tensors.get('features.0.bias'))).toHaveLength(3);
  });
});
