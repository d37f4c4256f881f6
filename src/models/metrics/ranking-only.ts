import type { Evaluation, RankingMetrics } from './metric-values.ts';
import { type MetricName, metricNames } from './metrics.ts';

/** Metrics that hold a prediction against a rating, or against the threshold. */
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

/** Whether a metric means something of scores, which rank and are no ratings. */
export function isOfOrderAlone(name: MetricName): boolean {
  return !ofRatings.has(name);
}

/**
 * An evaluation of scores, which rank and are no ratings: what would need a rating is NaN. What is
 * left is of the order alone, such as NDCG and the area under the ROC curve.
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
    ofRatings.has(name as MetricName) ? Number.NaN : value,
  ]);
  return Object.fromEntries(entries) as Values;
}
