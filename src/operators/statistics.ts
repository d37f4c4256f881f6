import { checkOneOf } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';

/**
 * How the rows of a subclip are summarised, element by element: `mean` (D values), `meanvar` (mean,
 * then population variance: 2 D), `median` (D), `medmad` (median, then the unscaled median absolute
 * deviation from it: 2 D).
 */
export type Statistic = 'mean' | 'meanvar' | 'median' | 'medmad';

/** The statistics in the order in which rows and columns list them. */
export const statisticNames: readonly Statistic[] = ['mean', 'meanvar', 'median', 'medmad'];

/**
 * Length of a statistic's vector over rows of `dimension` values: `dimension`, or twice that if it
 * has a spread.
 */
export function dimensionOf(statistic: Statistic, dimension: number): number {
  return hasSpread(statistic) ? 2 * dimension : dimension;
}

/**
 * Whether the second half of the statistic's vector is a spread (variance or median absolute
 * deviation).
 */
export function hasSpread(statistic: Statistic): boolean {
  return statistic === 'meanvar' || statistic === 'medmad';
}

/** Whether the statistic needs every row of its subclip at once; the others are streamed. */
export function needsRows(statistic: Statistic): boolean {
  return statistic === 'median' || statistic === 'medmad';
}

/**
 * One or several statistics, checked, without repetition, in the order of `statisticNames`.
 *
 * @throws UsageError for an unknown name or an empty list.
 */
export function checkStatistics(name: string, value: Statistic | readonly Statistic[]): readonly Statistic[] {
  const asked: readonly Statistic[] = Array.isArray(value) ? value : [value as Statistic];
  if (asked.length === 0) throw new UsageError(`\`${name}\` must name at least one statistic, but is an empty array`);
  for (const statistic of asked) checkOneOf(name, statistic, statisticNames);
  return statisticNames.filter((statistic) => asked.includes(statistic));
}
