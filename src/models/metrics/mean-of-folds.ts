import { UsageError } from '../../core/errors.ts';
import type { Evaluation, RankingMetrics, UserCounts } from './metric-values.ts';
import { type MetricOver, metricValues } from './metrics.ts';
import type { RocPoint } from './roc.ts';

/** The curve of a fold in which nothing is recommended. */
const origin: RocPoint = { k: 0, truePositiveRate: 0, falsePositiveRate: 0 };

/**
 * The mean over folds of every metric, each as it was computed in its fold: the RMSE is the mean of
 * the folds' RMSE, F1 the mean of the folds' F1. A fold in which a metric is NaN is left out of
 * that metric's mean. A ROC curve that ends before the longest one stays at its last point. Counts
 * of users, ratings and folds are added up.
 *
 * @throws UsageError if there are no folds, or their list lengths or threshold rules differ.
 */
export function meanOfFolds(folds: readonly Evaluation[]): Evaluation {
  const [first] = folds;
  if (first === undefined) throw new UsageError('a mean over folds needs at least one fold, but there is none');
  const setting = settingOf(first);
  const other = folds.find((fold) => settingOf(fold) !== setting);
  if (other !== undefined) {
    throw new UsageError(
      `all folds must be evaluated the same way, but one has ${setting} and another ${settingOf(other)}`,
    );
  }
  const mean = (name: MetricOver<'ratings' | 'users' | 'lists'>) => meanOf(folds.map((fold) => fold[name]));
  const sum = (select: (fold: Evaluation) => number) => folds.reduce((total, fold) => total + select(fold), 0);
  const users = (name: keyof UserCounts) => sum((fold) => fold.users[name]);
  return {
    folds: sum((fold) => fold.folds),
    ratings: sum((fold) => fold.ratings),
    users: {
      evaluated: users('evaluated'),
      withoutRecommended: users('withoutRecommended'),
      withoutRelevant: users('withoutRelevant'),
      withOneClass: users('withOneClass'),
    },
    threshold: first.threshold,
    thresholdRule: first.thresholdRule,
    undefined: first.undefined,
    trainMean: meanOf(folds.map((fold) => fold.trainMean)),
    ...metricValues('ratings', mean),
    ranking: Object.fromEntries(
      Object.keys(first.ranking).map((k) => [
        k,
        meanOfRankings(folds.map((fold) => fold.ranking[k] as RankingMetrics)),
      ]),
    ),
    ...metricValues('lists', mean),
    ...metricValues('users', mean),
    roc: meanOfCurves(folds.filter((fold) => !Number.isNaN(fold.auc)).map((fold) => fold.roc)),
  };
}

function settingOf({ ranking, threshold, thresholdRule, undefined: rule }: Evaluation): string {
  return `k ${Object.keys(ranking).join(',')}, threshold ${thresholdRule} ${threshold}, undefined ${rule}`;
}

function meanOfRankings(rankings: readonly RankingMetrics[]): RankingMetrics {
  const mean = (name: keyof RankingMetrics) => meanOf(rankings.map((ranking) => ranking[name]));
  return { ...metricValues('first-k', mean), ...metricValues('lists', mean) };
}

function meanOfCurves(curves: readonly (readonly RocPoint[])[]): RocPoint[] {
  const length = Math.max(0, ...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, index) => {
    const points = curves.map((curve) => curve[Math.min(index, curve.length - 1)] ?? origin);
    return {
      k: index + 1,
      truePositiveRate: meanOf(points.map((point) => point.truePositiveRate)),
      falsePositiveRate: meanOf(points.map((point) => point.falsePositiveRate)),
    };
  });
}

function meanOf(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
