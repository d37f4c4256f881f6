import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shuffledOrder } from '../../../src/io/dataset/shuffle.ts';

test('an order has every number once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 }), fc.nat(), fc.nat({ max: 9 }), (count, seed, epoch) => {
      const order = shuffledOrder(count, seed, epoch);
      expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
      expect(shuffledOrder(count, seed, epoch)).toEqual(order);
    }),
  );
});

test('the orders are the same on every machine: these were written down once', () => {
  expect([...shuffledOrder(10, 0, 0)]).toEqual([6, 1, 9, 7, 4, 8, 0, 5, 3, 2]);
  expect([...shuffledOrder(10, 0, 1)]).toEqual([7, 9, 3, 8, 5, 4, 1, 0, 2, 6]);
  expect([...shuffledOrder(10, 42, 0)]).toEqual([2, 9, 8, 5, 6, 4, 7, 0, 3, 1]);
});

test('every order of four is about equally likely: chi-square of 24 orders below its 99.99 % point', () => {
  const counts = new Map<string, number>();
  const draws = 24_000;
  for (let seed = 0; seed < draws; seed += 1) {
    const order = shuffledOrder(4, seed, 0).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  const expected = draws / 24;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 23 degrees of freedom.
  expect(chiSquare).toBeLessThan(56.6);
});
