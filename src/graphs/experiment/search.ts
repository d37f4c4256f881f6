import { UsageError } from '../../core/errors.ts';
import { catalogueFigure, catalogueMetricNames, cataloguePrefix } from '../../models/metrics/catalogue-metrics.ts';
import { metricNames } from '../../models/metrics/metrics.ts';
import type { Experiment, SearchKind } from './experiment-config.ts';
import { betterWhen, flatMetrics } from './flat-metrics.ts';
import type { TrialResult } from './point-result.ts';

/** One in this many combinations advances to the next round of successive halving. */
const eta = 3;

/**
 * A round of a search: how many combinations are tried, and on which share of the training rows.
 */
export interface SearchRound {
  readonly candidates: number;
  readonly share: number;
}

/**
 * The rounds of a search. Successive halving (Jamieson and Talwalkar 2016) tries all combinations
 * on a small share of the training rows and the best third of them on three times as many rows,
 * until a few are tried on all rows. The other kinds have one round.
 */
export function searchRounds(candidates: number, search: SearchKind): SearchRound[] {
  if (search !== 'halving') return [{ candidates, share: 1 }];
  let last = 0;
  while (eta ** (last + 1) <= candidates) last += 1;
  return Array.from({ length: last + 1 }, (_, round) => ({
    candidates: Math.ceil(candidates / eta ** round),
    share: 1 / eta ** (last - round),
  }));
}

/** What determines which figures an experiment has. */
export type Measured = Pick<Experiment, 'k' | 'catalogueK' | 'implicit' | 'protocol'>;

/**
 * Whether all test ratings are relevant, as with implicit feedback: then only lists over all items
 * tell recommenders apart.
 */
export function ratesAlike({ implicit, protocol }: Pick<Experiment, 'implicit' | 'protocol'>): boolean {
  return implicit !== undefined && protocol === 'catalogue';
}

/**
 * The name in the results of a metric to select by: `ndcg` means that at the largest k.
 *
 * @throws UsageError when there is no such metric, or it does not define what is better.
 */
export function selectionMetric(name: string, experiment: Measured): string {
  const { k, catalogueK } = experiment;
  const firstK: readonly string[] = metricNames('first-k');
  const rated = [
    ...metricNames('ratings', 'users', 'lists'),
    ...k.flatMap((length) => [...firstK, ...metricNames('lists')].map((each) => `${each}@${length}`)),
  ];
  const lists: readonly string[] = [...catalogueMetricNames, 'coverage'];
  const ofCatalogue = catalogueK.flatMap((length) => lists.map((each) => catalogueFigure(each, length)));
  const known = [...(ratesAlike(experiment) ? [] : rated), ...ofCatalogue].filter(
    (each) => betterWhen(each) !== undefined,
  );
  const isOfCatalogue = lists.some((each) => `${cataloguePrefix}${each}` === name);
  const longest = isOfCatalogue ? catalogueK : firstK.includes(name) ? k : [];
  const full = longest.length === 0 ? name : `${name}@${Math.max(...longest)}`;
  if (known.includes(full)) return full;
  throw new UsageError(`\`select\` must be a metric that tells better from worse, but is '${name}'`, {
    option: 'select',
    remedy: `It may be ${known.join(', ')}.`,
  });
}

/** The validation value that a combination is judged by; NaN if it has none. */
export function selectionValue(trial: TrialResult, metric: string): number {
  return flatMetrics(trial)[metric] ?? Number.NaN;
}

/**
 * The best of some combinations, best first; among equals the first comes first. Combinations
 * without a value are left out.
 */
export function bestOf<Candidate>(
  tried: readonly (readonly [Candidate, TrialResult | undefined])[],
  metric: string,
  count: number,
): Candidate[] {
  const sign = betterWhen(metric) === 'lower' ? 1 : -1;
  return tried
    .map(([candidate, trial]) => [candidate, trial ? selectionValue(trial, metric) : Number.NaN] as const)
    .filter(([, value]) => !Number.isNaN(value))
    .sort(([, one], [, other]) => sign * (one - other))
    .slice(0, count)
    .map(([candidate]) => candidate);
}
