import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomIntegers } from '../../../src/core/random-integers.ts';
import { dotKernel } from '../../../src/models/analysis/dot-kernel.ts';
import { UnitRows } from '../../../src/models/analysis/unit-rows.ts';

/** Vectors whose values fall, as after a PCA; every third is near the one before it. */
function drawn(count: number, dimension: number): Float32Array[] {
  const next = randomIntegers('unit-rows');
  const share = () => (next() >>> 0) / 2 ** 32 - 0.5;
  const vectors: Float32Array[] = [];
  for (let row = 0; row < count; row++) {
    const before = vectors[row - 1];
    vectors.push(
      Float32Array.from({ length: dimension }, (_, axis) =>
        row % 3 === 2 && before !== undefined
          ? (before[axis] as number) + 0.1 * share()
          : share() / Math.sqrt(1 + axis),
      ),
    );
  }
  return vectors;
}

function cosine(one: Float32Array, other: Float32Array): number {
  let [product, left, right] = [0, 0, 0];
  for (const [axis, value] of one.entries()) {
    product += value * (other[axis] as number);
    left += value * value;
    right += (other[axis] as number) ** 2;
  }
  return product / Math.sqrt(left * right);
}

describe('rows of length 1', () => {
  it.each([3, 64, 200])('of %i values have the nearest that comparing all of them has', async (dimension) => {
    // More than one piece of memory, the last one not full.
    const vectors = drawn(2500, dimension);
    const rows = new UnitRows(dimension);
    for (const vector of vectors) rows.add(vector);
    const queries = [0, 4, 1024, 2499];
    const found = await rows.nearest(queries, 5, { first: 1000, end: 1010 });
    for (const [place, query] of queries.entries()) {
      const all = vectors
        .map((vector, row) => ({ row, similarity: cosine(vectors[query] as Float32Array, vector) }))
        .filter(({ row }) => row < 1000 || row >= 1010)
        .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
        .slice(0, 5);
      expect(found[place]?.map(({ row }) => row)).toEqual(all.map(({ row }) => row));
      for (const [rank, { similarity }] of all.entries())
        expect(found[place]?.[rank]?.similarity).toBeCloseTo(similarity, 7);
    }
  });

  it('that are all zeros are like nothing, and of equal ones the first is nearest', async () => {
    const rows = new UnitRows(2);
    for (const vector of [
      [0, 0],
      [3, 4],
      [6, 8],
      [0.3, 0.4],
      [-3, -4],
    ])
      rows.add(vector);
    expect(await rows.nearest([1, 0], 2, { first: 1, end: 2 })).toEqual([
      [
        { row: 2, similarity: expect.closeTo(1, 7) },
        { row: 3, similarity: expect.closeTo(1, 7) },
      ],
      [
        { row: 0, similarity: 0 },
        { row: 2, similarity: 0 },
      ],
    ]);
  });

  it('take four bytes a value', () => {
    const rows = new UnitRows(128);
    rows.add(new Float32Array(128));
    expect(rows.bytes).toBe(1024 * 128 * 4);
  });
});

it('WebAssembly and JavaScript give the same sums, also after they have grown', () => {
  const int16 = fc.integer({ min: -32_767, max: 32_767 });
  fc.assert(
    fc.property(fc.array(int16, { minLength: 64, maxLength: 64 }), (numbers) => {
      // One vector and three rows of 16 numbers, small enough together for a sum of int32.
      const scaled = numbers.map((value) => Math.trunc(value / 4));
      const sums = [false, true].map((portable) => {
        const kernel = dotKernel(256, portable);
        kernel.values().set(scaled, 16);
        kernel.grow(100_000);
        kernel.dots(32, 64, 32, 3, 32, 0);
        return [...kernel.sums().subarray(0, 3)];
      });
      expect(sums[0]).toEqual(sums[1]);
      const product = scaled.slice(0, 16).reduce((sum, value, at) => sum + value * (scaled[16 + at] as number), 0);
      expect(sums[0]?.[0]).toBe(product);
    }),
  );
});
