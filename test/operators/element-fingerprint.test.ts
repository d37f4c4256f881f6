import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteDigest, sampledFingerprint } from '../../src/operators/element-fingerprint.ts';

describe('sampledFingerprint', () => {
  it('is the same for the same bytes, wherever they lie in memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.integer({ min: 0, max: 9 }), (bytes, offset) => {
        const moved = new Uint8Array(bytes.length + 16);
        moved.set(bytes, offset);
        expect(sampledFingerprint(moved.subarray(offset, offset + bytes.length))).toBe(sampledFingerprint(bytes));
      }),
    );
  });

  it('reads every byte of short memory', () => {
    const bytes = Uint8Array.from({ length: 255 }, (_, index) => index);
    const seen = new Set([sampledFingerprint(bytes)]);
    for (let index = 0; index < bytes.length; index++) {
      const other = bytes.slice();
      other[index] = 0xaa;
      if (index !== 0xaa) seen.add(sampledFingerprint(other));
    }
    expect(seen.size).toBe(255);
  });

  it('tells lengths apart, and pictures that differ all over', () => {
    expect(sampledFingerprint(new Uint8Array(150_528))).not.toBe(sampledFingerprint(new Uint8Array(150_532)));
    const shades = Array.from({ length: 256 }, (_, shade) => sampledFingerprint(new Uint8Array(150_528).fill(shade)));
    expect(new Set(shades).size).toBe(256);
  });

  it('looks at all parts of a long memory', () => {
    const parts = Array.from({ length: 16 }, (_, part) =>
      new Uint8Array(150_528).fill(1, part * 9408, part * 9408 + 9408),
    );
    expect(new Set(parts.map(sampledFingerprint)).size).toBe(16);
  });

  it('takes floats by their bits', () => {
    expect(sampledFingerprint(Float32Array.of(0, 0))).not.toBe(sampledFingerprint(Float32Array.of(0, -0)));
  });
});

describe('byteDigest', () => {
  it('is the SHA-256 of the bytes of a view, and of nothing around it', () => {
    const floats = Float32Array.from({ length: 100 }, (_, index) => Math.sin(index));
    const part = floats.subarray(10, 20);
    const bytes = Buffer.alloc(40);
    for (const [index, value] of part.entries()) bytes.writeFloatLE(value, 4 * index);
    expect(byteDigest(part)).toBe(createHash('sha256').update(bytes).digest('base64'));
  });
});
