import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchingMethods, epochOrder } from '../../../src/models/recommenders/batching.ts';

const itemsOfRows = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 200 }).map((list) => Int32Array.from(list));

test.each(batchingMethods)('%s: each epoch takes each rating once, the same way for the same seed', (method) => {
  fc.assert(
    fc.property(itemsOfRows, fc.nat(1000), fc.nat(50), (items, seed, epoch) => {
      const order = epochOrder(items, epoch, { method, seed });
      expect([...order].sort((a, b) => a - b)).toEqual([...items.keys()]);
      expect(epochOrder(items, epoch, { method, seed })).toEqual(order);
    }),
    { numRuns: 60 },
  );
});

test.each(batchingMethods)('%s: epochs and seeds give different orders', (method) => {
  const items = Int32Array.from({ length: 500 }, (_, row) => (row * 7) % 40);
  const order = epochOrder(items, 0, { method, seed: 1 });
  expect(epochOrder(items, 1, { method, seed: 1 })).not.toEqual(order);
  expect(epochOrder(items, 0, { method, seed: 2 })).not.toEqual(order);
});

test('item-grouped: consecutive ratings are of few items', () => {
  const items = Int32Array.from({ length: 4000 }, (_, row) => (row * 7) % 100);
  const order = epochOrder(items, 0, { method: 'item-grouped', seed: 1, itemsPerGroup: 5 });
  for (let start = 0; start < order.length; start += 200) {
    expect(new Set([...order.subarray(start, start + 200)].map((row) => items[row])).size).toBe(5);
  }
});

test('an unknown method is a usage error', () => {
  expect(() => epochOrder(new Int32Array(1), 0, { method: 'sorted' as 'random', seed: 1 })).toThrow(
    "`batching` must be one of 'random', 'item-grouped', but is 'sorted'",
  );
});
