import { randomIntegers } from '../../core/random-integers.ts';
import type { TestResult } from './paired-t-test.ts';
import { differencesOf, meanOf } from './sample.ts';

/** What decides how a randomisation test draws. */
export interface RandomisationOptions {
  /** Signs drawn, where there are more ways than that. Default 10,000. */
  readonly resamples?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/**
 * Fisher's randomisation test of paired samples, two-sided: the share of all exchanges of the two
 * values of pairs whose mean difference is as far from 0. All 2^n exchanges are counted where that
 * is not more than `resamples`; else so many are drawn by the seed, and p is (as far + 1) /
 * (drawn + 1). NaN of no pair.
 *
 * @throws UsageError when the lengths differ or a value is not finite.
 * @example
 * randomisationTest([0.91, 0.88, 0.95], [0.9, 0.86, 0.91]).p; // 0.25
 */
export function randomisationTest(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
  { resamples = 10_000, seed = 1 }: RandomisationOptions = {},
): TestResult {
  const differences = differencesOf(left, right);
  const count = differences.length;
  if (count === 0) return { statistic: Number.NaN, p: Number.NaN };
  const statistic = meanOf(differences);
  // Sums of the same numbers in another order may differ in the last digits.
  const far = Math.abs(statistic) * count * (1 - 1e-12);
  const exact = 2 ** count <= resamples;
  const draws = exact ? 2 ** count : resamples;
  const next = randomIntegers(`reelflow-randomisation-1:${seed}`);
  let asFar = 0;
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    let bits = draw;
    for (let index = 0; index < count; index++) {
      if (!exact && index % 32 === 0) bits = next();
      const difference = differences[index] as number;
      sum += (bits & 1) === 0 ? difference : -difference;
      bits >>>= 1;
    }
    if (Math.abs(sum) >= far) asFar++;
  }
  return { statistic, p: exact ? asFar / draws : (asFar + 1) / (draws + 1) };
}
