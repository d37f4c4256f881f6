import { catalogueFigure, catalogueMetricNames, cataloguePrefix } from '../../models/metrics/catalogue-metrics.ts';
import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import { type MetricName, metricNames, metrics } from '../../models/metrics/metrics.ts';

/** The figures of some rows: over rated items and, if requested, over lists of all items. */
export interface Figures {
  readonly evaluation: Evaluation;
  readonly topN?: CatalogueEvaluation | undefined;
}

/**
 * All metrics by name: `rmse`, `coverage` (whole lists), `ndcg@10`, ..., and for the whole
 * catalogue `catalogue.ndcg@10`, ...
 */
export function flatMetrics({ evaluation, topN }: Figures): Record<string, number> {
  const plain = metricNames('ratings', 'users', 'lists').map((name) => [name, evaluation[name]]);
  const ranking = Object.entries(evaluation.ranking).flatMap(([k, values]) =>
    metricNames('first-k', 'lists').map((name) => [`${name}@${k}`, values[name]]),
  );
  const rated = Object.fromEntries([...plain, ['trainMean', evaluation.trainMean], ...ranking]);
  return topN === undefined ? rated : { ...rated, ...flatCatalogue(topN) };
}

/** The figures over lists of all items, by name: `catalogue.ndcg@10`, ... */
export function flatCatalogue({ at, constant, withoutList }: CatalogueEvaluation): Record<string, number> {
  const figures = Object.entries(at).flatMap(([k, values]) =>
    Object.entries(values).map(([name, value]) => [catalogueFigure(name, k), value] as const),
  );
  // Points of earlier versions do not have the second.
  const chance = { constant, withoutList: withoutList ?? Number.NaN };
  return Object.fromEntries([
    ...Object.entries(chance).map(([name, value]) => [`${cataloguePrefix}${name}`, value] as const),
    ...figures,
  ]);
}

/** Metrics over users and lists for which higher is better; the others only describe. */
const higher: readonly MetricName[] = ['auc', 'aucRanked', 'coverage'];

/** Whether a lower or a higher value of a metric is better; undefined if it only describes. */
export function betterWhen(name: string): 'lower' | 'higher' | undefined {
  const [base = ''] = name.split('@');
  if (base.startsWith(cataloguePrefix)) {
    const own: readonly string[] = [...catalogueMetricNames, 'coverage'];
    return own.includes(base.slice(cataloguePrefix.length)) ? 'higher' : undefined;
  }
  if (!Object.hasOwn(metrics, base)) return undefined;
  const { over } = metrics[base as MetricName];
  if (over === 'ratings') return 'lower';
  return over === 'first-k' || (higher as readonly string[]).includes(base) ? 'higher' : undefined;
}
