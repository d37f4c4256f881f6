import type { MetricValues } from './metrics.ts';
import type { ThresholdRule } from './ranked-list.ts';
import type { RocPoint } from './roc.ts';

/** How a user for whom a metric is not defined counts: as 0, or not at all. */
export type UndefinedRule = 'zero' | 'skip';

/**
 * Ranking metrics over the first k, and what the lists cut at k are like: `ranking['10'].ndcg`.
 * `docs/metrics.md` defines each.
 */
export type RankingMetrics = MetricValues<'first-k' | 'lists'>;

/**
 * How many users there were, and for how many of them what was missing. In a mean over folds these
 * are sums.
 */
export interface UserCounts {
  readonly evaluated: number;
  readonly withoutRecommended: number;
  readonly withoutRelevant: number;
  /** Only relevant items or only others: left out of `auc` and `roc`. */
  readonly withOneClass: number;
}

/**
 * Every metric of one fold, or of the mean over folds: those over ratings, users and whole lists by
 * name, those of the first k in `ranking`. A metric that nobody has (no genres, nobody with both
 * classes, everybody skipped) is NaN, which JSON writes as null.
 */
export interface Evaluation extends MetricValues<'ratings' | 'users' | 'lists'> {
  /** Of how many folds this is the mean. */
  readonly folds: number;
  /** Test ratings; a sum over folds. */
  readonly ratings: number;
  readonly users: UserCounts;
  readonly threshold: number;
  readonly thresholdRule: ThresholdRule;
  readonly undefined: UndefinedRule;
  /**
   * Mean of the ratings that were learnt from, NaN where it is not known: above the threshold a
   * model that predicts it for everything recommends everything, below it nothing.
   */
  readonly trainMean: number;
  /** By k, as text: `ranking['10'].ndcg`. */
  readonly ranking: Readonly<Record<string, RankingMetrics>>;
  readonly roc: readonly RocPoint[];
}
