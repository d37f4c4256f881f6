import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floatInitializer, readWeights, type WeightTensor } from '../../../src/models/weights/weight-file.ts';
import { npyHeader } from '../../fixtures/weights/npy-writer.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryFolder, valuesOf } from '../networks/helpers.ts';

const path = join(temporaryFolder(), 'array.npy');

function read(...parts: readonly Uint8Array[]): WeightTensor {
  writeFileSync(path, Buffer.concat(parts));
  return readWeights(path).tensors.get('') as WeightTensor;
}

/** An array of format 1.0 around any header text. */
function header(text: string): Buffer {
  const bytes = npyHeader('<f4', [1]);
  bytes.writeUInt16LE(text.length, 8);
  return Buffer.concat([bytes.subarray(0, 10), Buffer.from(text)]);
}

describe('an array of NumPy', () => {
  it('in Fortran order comes in row-major order', () => {
    const tensor = read(npyHeader('<f4', [2, 3], true), new Uint8Array(Float32Array.of(1, 4, 2, 5, 3, 6).buffer));
    expect([...valuesOf(floatInitializer(tensor))]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ['>f4', 'F32', Buffer.from('3fc00000', 'hex'), 1.5],
    ['>f8', 'F64', Buffer.from('3ff8000000000000', 'hex'), 1.5],
    ['>i2', 'I16', Buffer.from('fffe', 'hex'), -2],
    ['<f2', 'F16', Buffer.from('003e', 'hex'), 1.5],
    ['<i8', 'I64', Buffer.from('feffffffffffffff', 'hex'), -2],
    ['|i1', 'I8', Buffer.from('fe', 'hex'), -2],
    ['|u1', 'U8', Buffer.from('fe', 'hex'), 254],
    ['|b1', 'BOOL', Buffer.from('01', 'hex'), 1],
  ])('of type %s is %s in little-endian order', (description, type, bytes, value) => {
    const tensor = read(npyHeader(description, [1]), bytes);
    expect(tensor).toMatchObject({ type, shape: [1], byteLength: bytes.length });
    expect([...valuesOf(floatInitializer(tensor))]).toEqual([value]);
  });

  it.each<[string, Buffer, string]>([
    ['of Python objects', npyHeader('|O', [1]), 'keeps Python objects'],
    ['of text', npyHeader('<U5', [1]), "of the type '<U5'"],
    ['of complex numbers', npyHeader('<c8', [1]), "of the type '<c8'"],
    ['with more values than bytes', npyHeader('<f4', [2 ** 40]), 'end at element'],
    ['with a shape beyond counting', npyHeader('<f4', [2 ** 40, 2 ** 40]), 'an invalid shape'],
    ['with fewer values than bytes', Buffer.concat([npyHeader('<f4', [1]), Buffer.alloc(5)]), 'has 5 bytes of values'],
    [
      'of records',
      header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
      'cannot be understood',
    ],
    [
      'with a call in its header',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (exit(),), }"),
      'cannot be understood',
    ],
    ['with a header beyond its end', npyHeader('<f4', [1]).subarray(0, 40), 'claims a header'],
    [
      'with two shapes',
      header("{'descr': '<f4', 'shape': (), 'fortran_order': False, 'shape': (1,)}"),
      'cannot be understood',
    ],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it('is named by its entry in an archive, which holds nothing else', () => {
    const array = Buffer.concat([npyHeader('<f4', []), Buffer.alloc(4)]);
    writeFileSync(
      path,
      joined(writeZip([zipContent('pca/mean.npy', array), zipContent('b.npy', array, { deflate: true })])),
    );
    expect([...readWeights(path).tensors.keys()]).toEqual(['pca/mean', 'b']);
    writeFileSync(path, joined(writeZip([zipContent('a.npy', 'text in place of an array')])));
    expect(() => readWeights(path)).toThrow("no NumPy array where array 'a' should be");
    writeFileSync(path, joined(writeZip([zipContent('a.npy', array), zipContent('b.txt', '')])));
    expect(() => readWeights(path)).toThrow('neither of torch.save');
  });
});
