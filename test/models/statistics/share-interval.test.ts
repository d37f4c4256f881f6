import { expect, it } from 'vitest';
import { bootstrapInterval } from '../../../src/models/statistics/intervals.ts';
import { shareInterval } from '../../../src/models/statistics/share-interval.ts';

it('the interval of a share lies between the quantiles of a binomial number', () => {
  // scipy.stats.binom.ppf([0.025, 0.975], 100, 0.25) and of 10, 0.1 and 100000, 0.5.
  expect(shareInterval(25, 100)).toEqual({ low: 0.17, high: 0.34 });
  expect(shareInterval(1, 10)).toEqual({ low: 0, high: 0.3 });
  expect(shareInterval(50_000, 100_000)).toEqual({ low: 0.4969, high: 0.5031 });
});

it('it is what a bootstrap of the single values draws', () => {
  const values = Float64Array.from({ length: 200 }, (_, at) => Number(at < 37));
  const drawn = bootstrapInterval(values, { resamples: 20_000 });
  const { low, high } = shareInterval(37, 200);
  expect(Math.abs(low - drawn.low)).toBeLessThanOrEqual(0.005);
  expect(Math.abs(high - drawn.high)).toBeLessThanOrEqual(0.005);
});

it('of everybody or nobody it is one point, and of no users it is not a number', () => {
  expect(shareInterval(0, 7)).toEqual({ low: 0, high: 0 });
  expect(shareInterval(7, 7)).toEqual({ low: 1, high: 1 });
  expect(shareInterval(0, 0).low).toBeNaN();
});
