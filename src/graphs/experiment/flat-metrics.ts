import type { Evaluation } from '../../models/metrics/metric-values.ts';
import { type MetricName, metricNames, metrics } from '../../models/metrics/metrics.ts';

/** All metrics of an evaluation by name: `rmse`, `coverage` (whole lists), `ndcg@10`, ... */
export function flatMetrics(evaluation: Evaluation): Record<string, number> {
  const plain = metricNames('ratings', 'users', 'lists').map((name) => [name, evaluation[name]]);
  const ranking = Object.entries(evaluation.ranking).flatMap(([k, values]) =>
    metricNames('first-k', 'lists').map((name) => [`${name}@${k}`, values[name]]),
  );
  return Object.fromEntries([...plain, ['trainMean', evaluation.trainMean], ...ranking]);
}

/** Metrics over users and lists that are better the higher they are; the others describe. */
const higher: readonly MetricName[] = ['auc', 'aucRanked', 'coverage'];

/** Whether less or more of a metric is better; undefined of one that only describes. */
export function betterWhen(name: string): 'lower' | 'higher' | undefined {
  const [base = ''] = name.split('@');
  if (!Object.hasOwn(metrics, base)) return undefined;
  const { over } = metrics[base as MetricName];
  if (over === 'ratings') return 'lower';
  return over === 'first-k' || (higher as readonly string[]).includes(base) ? 'higher' : undefined;
}
