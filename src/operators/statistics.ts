import { checkOneOf } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';

/**
 * How the rows of a subclip are summarised, element by element: `mean` (D values), `meanvar` (mean,
 * then population variance: 2 D), `median` (D), `medmad` (median, then the unscaled median absolute
 * deviation from it: 2 D). In the order in which rows and columns list them.
 */
const statistics = {
  mean: { from: 'moments', hasSpread: false },
  meanvar: { from: 'moments', hasSpread: true },
  median: { from: 'rows', hasSpread: false },
  medmad: { from: 'rows', hasSpread: true },
} as const satisfies Readonly<Record<string, StatisticFacts>>;

/** What is known about a statistic. */
interface StatisticFacts {
  /** What it is computed from: running moments, or every row of its subclip at once. */
  readonly from: 'moments' | 'rows';
  /** Whether the second half of its vector is a spread (variance or median absolute deviation). */
  readonly hasSpread: boolean;
}

/** Name of a statistic: `mean`, `meanvar`, `median` or `medmad`. */
export type Statistic = keyof typeof statistics;

/** The statistics in the order in which rows and columns list them. */
export const statisticNames = Object.keys(statistics) as readonly Statistic[];

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
  return statistics[statistic].hasSpread;
}

/** Whether the statistic needs every row of its subclip at once; the others are streamed. */
export function needsRows(statistic: Statistic): boolean {
  return statistics[statistic].from === 'rows';
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
