import type { Evaluation, RankingMetrics } from './metric-values.ts';
import { type MetricName, metricNames } from './metrics.ts';
import { ownNeedsRatings } from './own-metrics.ts';

/** Metrics that compare a prediction with a rating or with the threshold. */
const ofRatings: ReadonlySet<MetricName> = new Set<MetricName>([
  ...metricNames('ratings', 'lists'),
  ...([
    'precision',
    'recall',
    'recallAdjusted',
    'f1',
    'mrr',
    'map',
    'mapN',
    'averageRecommended',
    'withoutList',
  ] as const),
]);

/** Whether a metric is meaningful for scores, which rank items but are not ratings. */
export function needsOnlyOrder(name: MetricName): boolean {
  return !ofRatings.has(name) && !ownNeedsRatings(name);
}

/**
 * An evaluation of scores, which rank items but are not ratings: metrics that need a rating are
 * NaN. What remains depends on the order alone, such as NDCG and the area under the ROC curve.
 */
export function rankingOnly(evaluation: Evaluation): Evaluation {
  return {
    ...blanked(evaluation),
    users: { ...evaluation.users, withoutRecommended: Number.NaN },
    ranking: Object.fromEntries(
      Object.entries(evaluation.ranking).map(([k, values]) => [k, blanked<RankingMetrics>(values)]),
    ),
    roc: [],
  };
}

function blanked<Values extends object>(values: Values): Values {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    needsOnlyOrder(name as MetricName) ? value : Number.NaN,
  ]);
  return Object.fromEntries(entries) as Values;
}
