import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doublePieces } from '../../../src/models/weights/float-pieces.ts';
import { floatInitializer, type WeightTensor, type WeightType } from '../../../src/models/weights/weight-file.ts';
import { weightTypeBytes } from '../../../src/models/weights/weight-tensor.ts';
import { valuesOf } from '../networks/helpers.ts';

function tensorOf(type: WeightType, bytes: Uint8Array): WeightTensor {
  const elements = bytes.byteLength / weightTypeBytes[type];
  return { name: 'a', shape: [elements], type, byteLength: bytes.byteLength, pieces: () => [bytes] };
}

function floats(type: WeightType, bytes: Uint8Array): Float32Array {
  return valuesOf(floatInitializer(tensorOf(type, bytes)));
}

describe('values as float32', () => {
  it('of float16 are its exact values, subnormal, infinite and not a number as well', () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x7e00, 0x8000, 0x3555);
    const expected = [
      1,
      -2,
      65504,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      Infinity,
      -Infinity,
      Number.NaN,
      -0,
      0.333251953125,
    ];
    expect([...floats('F16', new Uint8Array(bits.buffer))]).toEqual(expected);
  });

  it('of bfloat16 are the upper halves of float32', () => {
    fc.assert(
      fc.property(fc.uint16Array({ minLength: 1, maxLength: 50 }), (bits) => {
        const wide = new Uint8Array(Uint32Array.from(bits, (value) => value * 65536).buffer);
        expect(new Uint8Array(floats('BF16', new Uint8Array(bits.buffer)).buffer)).toEqual(wide);
      }),
    );
  });

  it('of float64 and integers are rounded to the nearest', () => {
    const doubles = Float64Array.of(Math.PI, 1e300, -1e-60, Number.NaN);
    expect([...floats('F64', new Uint8Array(doubles.buffer))]).toEqual([
      Math.fround(Math.PI),
      Infinity,
      -0,
      Number.NaN,
    ]);
    const longs = BigInt64Array.of(-5n, 2n ** 62n, 16777217n);
    expect([...floats('I64', new Uint8Array(longs.buffer))]).toEqual([-5, 2 ** 62, 16777216]);
    expect([...floats('I32', new Uint8Array(Int32Array.of(-7, 2 ** 30).buffer))]).toEqual([-7, 2 ** 30]);
    expect([...floats('BOOL', Uint8Array.of(0, 1, 255))]).toEqual([0, 1, 1]);
  });

  it('are the same in pieces larger than the buffer they are converted in', () => {
    const bytes = Uint8Array.from({ length: 700_001 }, (_, index) => index % 251);
    const read = floats('U8', bytes);
    expect(read.length).toBe(bytes.length);
    expect(read.findIndex((value, index) => value !== index % 251)).toBe(-1);
  });
});

describe('values as float64', () => {
  const doubles = (type: WeightType, bytes: Uint8Array) =>
    [...doublePieces(tensorOf(type, bytes))].flatMap((piece) => [...piece]);

  it('are what the file has, of every type', () => {
    const values = Float64Array.of(Math.PI, 1e300, -1e-60);
    expect(doubles('F64', new Uint8Array(values.buffer))).toEqual([...values]);
    expect(doubles('F32', new Uint8Array(Float32Array.of(0.1, -3).buffer))).toEqual([Math.fround(0.1), -3]);
    expect(doubles('BF16', new Uint8Array(Uint16Array.of(0x3fc0, 0xc000).buffer))).toEqual([1.5, -2]);
    expect(doubles('I64', new Uint8Array(BigInt64Array.of(-5n, 16777217n).buffer))).toEqual([-5, 16777217]);
  });
});
