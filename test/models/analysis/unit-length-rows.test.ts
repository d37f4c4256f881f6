import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomIntegers } from '../../../src/core/random-integers.ts';
import { dotKernel } from '../../../src/models/analysis/dot-kernel.ts';
import { UnitRows } from '../../../src/models/analysis/unit-length-rows.ts';

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
  it.each([3, 128, 300])('of %i values have the nearest that comparing all of them has', async (dimension) => {
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

  it('with a value that is not finite are like nothing', async () => {
    const rows = new UnitRows(3);
    for (const vector of [
      [1, Number.NaN, 0],
      [1, 2, 3],
      [Number.POSITIVE_INFINITY, 1, 1],
      [2, 4, 6],
    ])
      rows.add(vector);
    const [found] = await rows.nearest([1], 3, { first: 1, end: 2 });
    expect(found).toEqual([
      { row: 3, similarity: expect.closeTo(1, 7) },
      { row: 0, similarity: 0 },
      { row: 2, similarity: 0 },
    ]);
    expect(await rows.nearestTo([[1, 2, 3]], 1)).toEqual([[{ row: 1, similarity: expect.closeTo(1, 7) }]]);
  });

  it('take four bytes a value, and four for each piece of a row', () => {
    const rows = new UnitRows(128);
    rows.add(new Float32Array(128));
    expect(rows.bytes).toBe(1024 * (128 * 4 + 4));
  });
});

it('WebAssembly and JavaScript give the same sums and find the same rows, also after they have grown', () => {
  const int16 = fc.integer({ min: -32_767, max: 32_767 });
  const [query, rows, sums, tails, found] = [0, 64, 512, 640, 768];
  fc.assert(
    fc.property(fc.array(int16, { minLength: 144, maxLength: 144 }), int16, (numbers, limit) => {
      // One vector and eight rows of 16 numbers, small enough together for a sum of int32.
      const scaled = numbers.map((value) => Math.trunc(value / 4));
      const [own, others] = [scaled.slice(0, 16), scaled.slice(16)];
      const products = Array.from({ length: 8 }, (_, row) =>
        own.reduce((sum, value, at) => {
          const place = Math.floor(row / 4) * 64 + Math.floor(at / 2) * 8 + (row % 4) * 2 + (at % 2);
          return sum + value * (others[place] as number);
        }, 0),
      );
      for (const portable of [false, true]) {
        const kernel = dotKernel(1024, portable);
        new Int16Array(kernel.memory).set(own, query / 2);
        new Int16Array(kernel.memory).set(others, rows / 2);
        new Float32Array(kernel.memory).fill(1, tails / 4, tails / 4 + 8);
        kernel.grow(100_000);
        const dots = (reach: number, above: number) =>
          kernel.dots(query, rows, 128, 2, sums, tails, reach, above, found);
        const count = dots(1000, 30_000 * limit);
        const whole = new Int32Array(kernel.memory);
        expect([...whole.subarray(sums / 4, sums / 4 + 8)]).toEqual(products);
        const isNear = (product: number) => Math.abs(product + 1000 - 30_000 * limit) < 200;
        if (products.some(isNear)) continue;
        const expected = [0, 1].filter((four) =>
          products.slice(4 * four, 4 * four + 4).some((product) => product + 1000 > 30_000 * limit),
        );
        expect([...whole.subarray(found / 4, found / 4 + count)]).toEqual(expected);
        // Products are added to what is there.
        dots(0, Number.POSITIVE_INFINITY);
        expect(whole[sums / 4 + 5]).toBe(2 * (products[5] as number));
      }
    }),
    { numRuns: 50 },
  );
});
