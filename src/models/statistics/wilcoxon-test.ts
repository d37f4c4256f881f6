import { normalP } from './normal-p.ts';
import type { TestResult } from './paired-t-test.ts';
import { differencesOf } from './sample.ts';

/** Up to this many pairs the distribution of the rank sum is enumerated. */
const exactPairs = 50;

/**
 * Wilcoxon's signed-rank test of paired samples, two-sided. Pairs that do not differ are left out;
 * up to 50 pairs without ties or zeros the distribution is exact, else normal with the variance
 * corrected for ties, as in SciPy. p is 1 where no pair differs, NaN of no pair.
 *
 * @throws UsageError when the lengths differ or a value is not finite.
 * @example
 * wilcoxonTest([0.91, 0.88, 0.95], [0.9, 0.86, 0.91]).p; // 0.25
 */
export function wilcoxonTest(left: ArrayLike<number>, right: ArrayLike<number>): TestResult {
  const all = differencesOf(left, right);
  if (all.length === 0) return { statistic: Number.NaN, p: Number.NaN };
  const differences = withoutRounding(all, left, right).filter((difference) => difference !== 0);
  const count = differences.length;
  if (count === 0) return { statistic: 0, p: 1 };
  const order = Int32Array.from(differences.keys()).sort(
    (one, other) => size(differences, one) - size(differences, other),
  );
  let positive = 0;
  let ties = 0;
  for (let start = 0; start < count; ) {
    let end = start + 1;
    while (end < count && size(differences, order[end] as number) === size(differences, order[start] as number)) end++;
    const rank = (start + 1 + end) / 2;
    for (let at = start; at < end; at++) if ((differences[order[at] as number] as number) > 0) positive += rank;
    ties += (end - start) ** 3 - (end - start);
    start = end;
  }
  const total = (count * (count + 1)) / 2;
  const statistic = Math.min(positive, total - positive);
  if (count <= exactPairs && ties === 0 && count === all.length) return { statistic, p: exactP(statistic, count) };
  const variance = (count * (count + 1) * (2 * count + 1) - ties / 2) / 24;
  return { statistic, p: normalP((positive - total / 2) / Math.sqrt(variance)) };
}

/**
 * Values are means, so what is equal differs by rounding: differences are rounded to 1e-12 of the
 * greatest value.
 */
function withoutRounding(differences: Float64Array, left: ArrayLike<number>, right: ArrayLike<number>): Float64Array {
  let greatest = 0;
  for (let at = 0; at < left.length; at++) {
    greatest = Math.max(greatest, Math.abs(left[at] as number), Math.abs(right[at] as number));
  }
  const step = greatest * 1e-12;
  return step === 0 ? differences : differences.map((difference) => Math.round(difference / step) * step);
}

function size(differences: Float64Array, index: number): number {
  return Math.abs(differences[index] as number);
}

/** The share of all assignments of signs whose rank sum is as far from the middle. */
function exactP(statistic: number, count: number): number {
  const ways = new Float64Array((count * (count + 1)) / 2 + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= count; rank++) {
    for (let sum = (rank * (rank + 1)) / 2; sum >= rank; sum--) {
      ways[sum] = (ways[sum] as number) + (ways[sum - rank] as number);
    }
  }
  let below = 0;
  for (let sum = 0; sum <= statistic; sum++) below += ways[sum] as number;
  return Math.min(1, (2 * below) / 2 ** count);
}
