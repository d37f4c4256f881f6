import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError, UsageError } from '../../../src/core/errors.ts';
import {
  floatTensor,
  floatValues,
  readSafetensors,
  type SafetensorsTensor,
  writeSafetensors,
} from '../../../src/models/weights/safetensors.ts';

const tensor = fc
  .tuple(
    fc.constantFrom('F32' as const, 'F64' as const, 'U8' as const, 'I64' as const),
    fc.array(fc.nat(3), { maxLength: 3 }),
  )
  .chain(([type, shape]) => {
    const size = { F32: 4, F64: 8, U8: 1, I64: 8 }[type] * shape.reduce((product, axis) => product * axis, 1);
    return fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((bytes): SafetensorsTensor => ({ type, shape, bytes }));
  });
const names = fc
  .string({ minLength: 1, maxLength: 6 })
  .filter((name) => name !== '__metadata__' && name !== '__proto__');
const files = fc.tuple(fc.dictionary(names, tensor, { maxKeys: 5 }), fc.dictionary(names, fc.string(), { maxKeys: 3 }));

/** A file of a header text and this many bytes of values. */
function fileOf(header: string, valueBytes: number, claimed = Buffer.byteLength(header)): Uint8Array {
  const file = new Uint8Array(8 + Buffer.byteLength(header) + valueBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(claimed), true);
  file.set(Buffer.from(header), 8);
  return file;
}

describe('safetensors', () => {
  it('read back what was written, in one form whatever the order given', () => {
    fc.assert(
      fc.property(files, ([tensors, metadata]) => {
        const bytes = writeSafetensors(tensors, metadata);
        const read = readSafetensors(bytes);
        expect(Object.fromEntries(read.tensors)).toEqual({ ...tensors });
        expect({ ...read.metadata }).toEqual({ ...metadata });
        const turned = Object.fromEntries(Object.entries(tensors).reverse());
        expect(Buffer.compare(writeSafetensors(turned, metadata), bytes)).toBe(0);
      }),
    );
  });

  it('have the layout of the format: length, padded JSON header, values', () => {
    const bytes = writeSafetensors({ a: floatTensor(Float32Array.of(1, 2), [2]) }, { by: 'me' });
    const header = '{"__metadata__":{"by":"me"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(Buffer.compare(bytes, Buffer.concat([fileOf(padded, 0), Buffer.from(Float32Array.of(1, 2).buffer)]))).toBe(
      0,
    );
  });

  it('with a changed byte, a cut or an addition are read or refused with a typed error, never otherwise', () => {
    fc.assert(
      fc.property(
        files,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(),
        ([tensors, metadata], at, flip, length) => {
          const bytes = writeSafetensors(tensors, metadata);
          const flipped = bytes.slice();
          flipped[at % bytes.length] = (flipped[at % bytes.length] ?? 0) ^ flip;
          const short = bytes.slice(0, length % bytes.length);
          for (const damaged of [flipped, short, Buffer.concat([bytes, Uint8Array.of(1)])]) {
            try {
              readSafetensors(damaged);
              expect(damaged).toBe(flipped);
            } catch (error) {
              expect(error).toBeInstanceOf(ModelError);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  const entry = (shape: unknown, offsets: unknown, type = 'F32') =>
    JSON.stringify({ dtype: type, shape, data_offsets: offsets });
  it.each([
    ['no header', new Uint8Array(3)],
    ['a header longer than the file', fileOf('{}', 0, 100)],
    ['a header of 2^63 bytes', fileOf('{}', 0).map((byte, index) => (index === 7 ? 128 : byte))],
    ['a header that is not valid JSON', fileOf('{', 0)],
    ['a header that is a list', fileOf('[]', 0)],
    ['values that no tensor claims', fileOf('{}', 4)],
    ['tensors that overlap', fileOf(`{"a":${entry([2], [0, 8])},"b":${entry([1], [4, 8])}}`, 8)],
    ['a gap between tensors', fileOf(`{"a":${entry([1], [0, 4])},"b":${entry([1], [8, 12])}}`, 12)],
    ['a tensor beyond the end', fileOf(`{"a":${entry([4], [0, 16])}}`, 8)],
    ['a shape of another size', fileOf(`{"a":${entry([3], [0, 8])}}`, 8)],
    ['a shape whose size overflows', fileOf(`{"a":${entry([2 ** 40, 2 ** 40], [0, 8])}}`, 8)],
    ['a negative axis', fileOf(`{"a":${entry([-2, -1], [0, 8])}}`, 8)],
    ['offsets that run backwards', fileOf(`{"a":${entry([0], [4, 0])}}`, 4)],
    ['an unknown type', fileOf(`{"a":${entry([2], [0, 8], 'F31')}}`, 8)],
    ['a type of the prototype', fileOf(`{"a":${entry([2], [0, 8], 'toString')}}`, 8)],
    ['metadata of numbers', fileOf('{"__metadata__":{"a":1}}', 0)],
  ])('with %s are refused', (_, file) => {
    expect(() => readSafetensors(file)).toThrow(ModelError);
  });

  it('give values of the type and shape asked for only', () => {
    const file = readSafetensors(writeSafetensors({ a: floatTensor(Float64Array.of(1, Number.NaN), [2]) }));
    expect(() => floatValues(file, 'a', 'F32', [2])).toThrow(/must be F32 \[2\], but it is F64 \[2\]/);
    expect(() => floatValues(file, 'b', 'F64', [2])).toThrow(/but there is none/);
    expect(() => floatValues(file, 'a', 'F64', [2])).toThrow(/value 1 is NaN/);
    expect(() => writeSafetensors({ a: floatTensor(Float32Array.of(1), [2]) })).toThrow(UsageError);
  });
});
