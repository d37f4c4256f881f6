import { UsageError } from '../../core/errors.ts';
import { metricNames } from '../../models/metrics/metrics.ts';
import type { Experiment, SearchKind } from './experiment-config.ts';
import { betterWhen, flatMetrics } from './flat-metrics.ts';
import type { TrialResult } from './point-result.ts';

/** One in this many combinations goes on to the next round of successive halving. */
const eta = 3;

/** A round of a search: how many combinations are tried, on which share of the training rows. */
export interface SearchRound {
  readonly candidates: number;
  readonly share: number;
}

/**
 * The rounds of a search. Successive halving (Jamieson and Talwalkar 2016) tries all on a small
 * share of the training rows and the best third of them on three times as many, until few are tried
 * on all rows; the other kinds have one round.
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

/**
 * The name that a metric to select by has in the results: `ndcg` is that at the greatest k.
 *
 * @throws UsageError when there is none of that name, or it does not say what is better.
 */
export function selectionMetric(name: string, { k }: Pick<Experiment, 'k'>): string {
  const firstK: readonly string[] = metricNames('first-k');
  const known = [
    ...metricNames('ratings', 'users', 'lists'),
    ...k.flatMap((length) => [...firstK, ...metricNames('lists')].map((each) => `${each}@${length}`)),
  ].filter((each) => betterWhen(each) !== undefined);
  const full = firstK.includes(name) ? `${name}@${Math.max(...k)}` : name;
  if (known.includes(full)) return full;
  throw new UsageError(`\`select\` must be a metric that tells better from worse, but is '${name}'`, {
    option: 'select',
    remedy: `It may be ${known.join(', ')}.`,
  });
}

/** The value of the validation part that a combination is judged by; NaN where it has none. */
export function selectionValue(trial: TrialResult, metric: string): number {
  return flatMetrics(trial.evaluation)[metric] ?? Number.NaN;
}

/**
 * The best of some combinations, best first; of equal ones the first. Those without a value are
 * left out.
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
