import { deviationOf, differencesOf, meanOf } from './sample.ts';
import { studentP } from './student-t.ts';

/** What a test found. */
export interface TestResult {
  /** t of the t-test, the lesser rank sum of Wilcoxon's, the mean difference of randomisation. */
  readonly statistic: number;
  /** Two-sided. NaN where there is nothing to test. */
  readonly p: number;
}

/**
 * Student's t-test of paired samples, two-sided: whether their differences have the mean 0. NaN of
 * fewer than two pairs; p is 1 where no pair differs.
 *
 * @throws UsageError when the lengths differ or a value is not finite.
 * @example
 * pairedTTest([0.91, 0.88, 0.95], [0.9, 0.86, 0.91]).p; // 0.118
 */
export function pairedTTest(left: ArrayLike<number>, right: ArrayLike<number>): TestResult {
  const differences = differencesOf(left, right);
  const count = differences.length;
  if (count < 2) return { statistic: Number.NaN, p: Number.NaN };
  const mean = meanOf(differences);
  if (mean === 0) return { statistic: 0, p: 1 };
  const statistic = mean / (deviationOf(differences) / Math.sqrt(count));
  return { statistic, p: studentP(statistic, count - 1) };
}
