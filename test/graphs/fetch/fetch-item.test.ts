import { expect, it } from 'vitest';
import { retryDelay } from '../../../src/graphs/fetch/fetch-item.ts';

it('doubles the wait before each further retry, up to an hour', () => {
  expect([1, 2, 3, 4].map((retry) => retryDelay(2000, retry))).toEqual([2000, 4000, 8000, 16_000]);
  expect(retryDelay(2000, 100)).toBe(3_600_000);
  expect(retryDelay(0, 100)).toBe(0);
});
