import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MedianSelector } from '../../src/operators/order-statistics.ts';

function median(values: Float32Array): number {
  const ascending = values.toSorted();
  return ((ascending[values.length >> 1] as number) + (ascending[(values.length - 1) >> 1] as number)) / 2;
}

const columns = fc.oneof(
  fc.float32Array({ minLength: 1, maxLength: 300, noNaN: true, noDefaultInfinity: true }),
  fc
    .array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 300 })
    .map((values) => Float32Array.from(values)),
  // One far value puts all others into one bucket of the histogram.
  fc
    .array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 300 })
    .map((values) => Float32Array.from([3e38, ...values])),
);

test('medians and median distances are exact, whatever the values', () => {
  const selector = new MedianSelector();
  fc.assert(
    fc.property(columns, fc.integer({ min: 0, max: 5 }), (column, before) => {
      const values = new Float32Array(before + column.length + 3).fill(Number.NaN);
      values.set(column, before);
      const centre = selector.median(values, before, column.length);
      // + 0 makes one zero of -0 and 0, which have no order.
      expect(centre + 0).toBe(median(column) + 0);
      expect(values.subarray(before, before + column.length)).toEqual(column);
      const distances = column.map((value) => Math.abs(value - centre));
      if (distances.every(Number.isFinite)) {
        expect(selector.medianDistance(values, before, column.length, centre) + 0).toBe(median(distances) + 0);
      }
    }),
    { numRuns: 2000 },
  );
});
