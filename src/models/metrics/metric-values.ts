import type { MetricValues } from './metrics.ts';
import type { ThresholdRule } from './ranked-list.ts';
import type { RocPoint } from './roc.ts';

/** How a user for whom a metric is undefined counts: as 0, or not at all. */
export type UndefinedRule = 'zero' | 'skip';

/**
 * Ranking metrics over the first k, and properties of the lists cut at k: `ranking['10'].ndcg`.
 * `docs/metrics.md` defines each.
 */
export type RankingMetrics = MetricValues<'first-k' | 'lists'>;

/** Number of users, and how many of them lacked something. In a mean over folds these are sums. */
export interface UserCounts {
  readonly evaluated: number;
  readonly withoutRecommended: number;
  readonly withoutRelevant: number;
  /** Users with only relevant items or only others, who are left out of `auc` and `roc`. */
  readonly withOneClass: number;
}

/**
 * Every metric of one fold, or of the mean over folds: those over ratings, users and whole lists by
 * name, those of the first k in `ranking`. A metric that no user has (no genres, nobody with both
 * classes, everybody skipped) is NaN, which JSON writes as null.
 */
export interface Evaluation extends MetricValues<'ratings' | 'users' | 'lists'> {
  /** Number of folds that this is the mean of. */
  readonly folds: number;
  /** Number of test ratings; a sum over folds. */
  readonly ratings: number;
  readonly users: UserCounts;
  readonly threshold: number;
  readonly thresholdRule: ThresholdRule;
  readonly undefined: UndefinedRule;
  /**
   * Mean of the training ratings, NaN if unknown: a recommender that predicts it for everything
   * recommends everything if it is above the threshold, and nothing if it is below.
   */
  readonly trainMean: number;
  /** By k, as text: `ranking['10'].ndcg`. */
  readonly ranking: Readonly<Record<string, RankingMetrics>>;
  readonly roc: readonly RocPoint[];
}
