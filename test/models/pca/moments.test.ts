import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError, UsageError } from '../../../src/core/errors.ts';
import { fitExact } from '../../../src/models/pca/exact.ts';
import { mergeMoments } from '../../../src/models/pca/merge-moments.ts';
import { Moments } from '../../../src/models/pca/moments.ts';
import { decodeMoments, encodeMoments } from '../../../src/models/pca/moments-file.ts';
import { axesDifference, covarianceOf, difference, directCovariance, mixedRows, momentsOf } from './helpers.ts';

const finite = fc.float({ min: -100, max: 100, noNaN: true });
const someRows = fc
  .integer({ min: 1, max: 6 })
  .chain((dimension) =>
    fc
      .array(fc.array(finite, { minLength: dimension, maxLength: dimension }), { minLength: 2, maxLength: 30 })
      .map((rows) => ({ dimension, rows: Float32Array.from(rows.flat()) })),
  );

function expectClose(moments: Moments, rows: Float32Array, dimension: number): void {
  const [found, direct] = [covarianceOf(moments), directCovariance(rows, dimension)];
  expect(difference(found.mean, direct.mean)).toBeLessThan(1e-10);
  expect(difference(found.covariance.flat(), direct.covariance.flat())).toBeLessThan(1e-8);
}

/** The rows cut at sorted random places. */
function cut(rows: Float32Array, dimension: number, places: readonly number[]): Float32Array[] {
  const count = rows.length / dimension;
  const edges = [0, ...places.map((place) => place % (count + 1)).sort((left, right) => left - right), count];
  return edges.slice(1).map((edge, index) => rows.subarray((edges[index] ?? 0) * dimension, edge * dimension));
}

describe('moments', () => {
  it('are those of the definition, and the same bytes however the rows are cut into calls', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, fc.array(fc.nat(30), { maxLength: 4 }), async ({ dimension, rows }, places) => {
        const whole = await momentsOf(rows, dimension);
        expectClose(whole, rows, dimension);
        const pieces = new Moments(dimension);
        for (const piece of cut(rows, dimension, places)) await pieces.add(piece, piece.length / dimension);
        expect(Buffer.compare(await encodeMoments(pieces), await encodeMoments(whole))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('of any partition merge to those of all rows, in any order to the same bytes, whatever the shifts', async () => {
    await fc.assert(
      fc.asyncProperty(
        someRows,
        fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
        fc.array(fc.option(finite), { minLength: 6, maxLength: 6 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async ({ dimension, rows }, places, shifts, order) => {
          const parts = await Promise.all(
            cut(rows, dimension, places).map((piece, index) => {
              const shift = shifts[index];
              return momentsOf(piece, dimension, typeof shift === 'number' ? Array(dimension).fill(shift) : undefined);
            }),
          );
          const merged = mergeMoments(parts);
          expect(merged.count).toBe(rows.length / dimension);
          expectClose(merged, rows, dimension);
          const shuffled = parts
            .map((part) => ({ part, key: order.next().value as number }))
            .sort((left, right) => left.key - right.key)
            .map(({ part }) => part);
          expect(Buffer.compare(await encodeMoments(mergeMoments(shuffled)), await encodeMoments(merged))).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of a partition give the same components to 1e-6, over several panels of columns', async () => {
    const dimension = 700;
    const rows = mixedRows(640, dimension, 6);
    const whole = await fitExact(await momentsOf(rows, dimension), { components: 6 });
    const parts = await Promise.all(
      cut(rows, dimension, [13, 540]).map((piece, index) =>
        momentsOf(piece, dimension, index === 1 ? new Float64Array(dimension) : undefined),
      ),
    );
    const merged = await fitExact(mergeMoments(parts), { components: 6 });
    expect(axesDifference(merged.axes, whole.axes, dimension)).toBeLessThan(1e-6);
    expect(difference(merged.explainedVarianceRatio, whole.explainedVarianceRatio)).toBeLessThan(1e-9);
  });

  it('keep their digits when the mean is large', async () => {
    const rows = Float32Array.from({ length: 600 }, (_, index) => 4096 + ((index * 7) % 11) / 16);
    expectClose(await momentsOf(rows, 2), rows, 2);
  });

  it('may be added to after they were settled', async () => {
    const rows = mixedRows(20, 3, 2);
    const moments = await momentsOf(rows.subarray(0, 30), 3);
    await moments.add(rows.subarray(30), 10);
    await moments.settle();
    expectClose(moments, rows, 3);
  });

  it('name the row and the value that is not finite, and add none of the call', async () => {
    const moments = new Moments(3);
    await moments.add(new Float32Array(6), 2);
    const rows = Float32Array.of(1, 2, 3, 4, Number.POSITIVE_INFINITY, 6);
    await expect(moments.add(rows, 2)).rejects.toThrow(/row 3 must be finite, but value 1 is Infinity/);
    await expect(moments.add(Float32Array.of(Number.NaN, 0, 0), 1)).rejects.toMatchObject({ code: 'not-finite' });
    expect(moments.count).toBe(2);
  });

  it('refuse too few values, other types, bad dimensions and calls that overlap', async () => {
    const moments = new Moments(3);
    await expect(moments.add(new Float32Array(5), 2)).rejects.toMatchObject({ code: 'dimension' });
    await expect(moments.add([1, 2, 3] as unknown as Float32Array, 1)).rejects.toThrow(UsageError);
    expect(() => new Moments(0)).toThrow(UsageError);
    expect(() => new Moments(2, { shift: [1] })).toThrow(/`shift` must be 2 finite numbers/);
    const first = moments.add(new Float32Array(3 * 600), 600);
    await expect(moments.add(new Float32Array(3), 1)).rejects.toThrow(/await each/);
    await first;
    expect(() => moments.values).toThrow(/88 rows wait/);
  });

  it('of several dimensions, and none at all, do not merge', async () => {
    expect(() => mergeMoments([])).toThrow(UsageError);
    expect(() => mergeMoments([new Moments(2), new Moments(3)])).toThrow(/the first has 2 and part 1 3/);
    expect(mergeMoments([new Moments(2), new Moments(2)]).count).toBe(0);
  });
});

describe('the bytes of moments', () => {
  it('read back to the same bytes', async () => {
    const bytes = await encodeMoments(await momentsOf(mixedRows(9, 5, 2), 5));
    const read = decodeMoments(bytes);
    expect(read.count).toBe(9);
    expect(Buffer.compare(await encodeMoments(read), bytes)).toBe(0);
  });

  it('are refused with a typed error when one of them is another', async () => {
    const bytes = await encodeMoments(await momentsOf(mixedRows(9, 2, 2), 2));
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(bytes.length),
        (at, flip, length) => {
          for (const damaged of [bytes.slice(), bytes.slice(0, length)]) {
            damaged[at] = (damaged[at] ?? 0) ^ flip;
            try {
              // A digit of a number may change unnoticed: moments carry no hash of their own.
              expect(decodeMoments(damaged)).toBeInstanceOf(Moments);
            } catch (error) {
              expect(error).toBeInstanceOf(ModelError);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
