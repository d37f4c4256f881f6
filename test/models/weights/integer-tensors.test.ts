import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  floatTensor,
  floatValues,
  integerTensor,
  integerValues,
  readSafetensors,
  writeSafetensors,
} from '../../../src/models/weights/safetensors.ts';

describe('int32 and float32 tensors of a safetensors file', () => {
  it('come back as they were, from a Uint8Array and from a Buffer', () => {
    fc.assert(
      fc.property(fc.int32Array(), fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (whole, real) => {
        const bytes = writeSafetensors({
          numbers: integerTensor(whole, [whole.length]),
          reals: floatTensor(real, [real.length]),
        });
        for (const file of [bytes, Buffer.from(bytes)].map(readSafetensors)) {
          expect(integerValues(file, 'numbers')).toEqual(whole);
          expect(floatValues(file, 'reals', 'F32', [real.length])).toEqual(real);
        }
      }),
    );
  });

  it('are refused as lists of integers when they are none', () => {
    const file = readSafetensors(writeSafetensors({ reals: floatTensor(Float32Array.of(1), [1]) }));
    expect(() => integerValues(file, 'reals')).toThrow("tensor 'reals' must be a list of I32, but it is F32 [1]");
    expect(() => integerValues(file, 'none')).toThrow('there is none');
  });
});
