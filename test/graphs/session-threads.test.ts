import { expect, it } from 'vitest';
import { sessionThreads } from '../../src/graphs/session-threads.ts';

const rules = [
  { weights: 0, threads: 1 },
  { weights: 100, threads: 2 },
  { weights: 200, threads: 4 },
];

it('sessions have the threads of the last rule that their weights reach, and one on a small machine', () => {
  expect([0, 99, 100, 199, 200, 1e9].map((weights) => sessionThreads(weights, 16, rules))).toEqual([1, 1, 2, 2, 4, 4]);
  expect([1, 2, 4].map((cores) => sessionThreads(1e9, cores, rules))).toEqual([1, 1, 1]);
  expect(sessionThreads(1e9, 8, [{ weights: 0, threads: 16 }])).toBe(8);
  expect(sessionThreads(50, 16, [{ weights: 100, threads: 2 }])).toBe(1);
});
