import type { Accuracy } from './accuracy.ts';
import type { ListMetrics } from './lists.ts';
import type { ThresholdRule } from './ranked-list.ts';
import type { RocPoint } from './roc.ts';

/** What a user counts for whom a metric is not defined: 0, or not at all. */
export type UndefinedRule = 'zero' | 'skip';

/** Ranking metrics over the first k, and what the lists cut at k are like. */
export interface RankingMetrics extends ListMetrics {
  /** P@k. */
  readonly precision: number;
  /** Adjusted recall: hits / min(k, relevant). */
  readonly recall: number;
  /** Plain recall: hits / relevant. */
  readonly recallPlain: number;
  /** Harmonic mean of the averaged `precision` and `recall`. */
  readonly f1: number;
  /** Mean reciprocal rank. */
  readonly mrr: number;
  /** Mean average precision, variant `map-min`. */
  readonly map: number;
  /** Mean average precision, variant `map-n`. */
  readonly mapN: number;
  /** Variant `ndcg-exp`. */
  readonly ndcg: number;
  /** Variant `ndcg-linear`. */
  readonly ndcgLinear: number;
}

/** How many users there were, and for how many of them what was missing. In a mean over folds these are sums. */
export interface UserCounts {
  readonly evaluated: number;
  readonly withoutRecommended: number;
  readonly withoutRelevant: number;
  /** Only relevant items or only others: left out of `auc` and `roc`. */
  readonly withOneClass: number;
}

/**
 * Every metric of one fold, or of the mean over folds. A metric that nobody has (no genres, nobody with both classes, everybody skipped) is NaN,
 * which JSON writes as null.
 */
export interface Evaluation extends Accuracy, ListMetrics {
  /** Of how many folds this is the mean. */
  readonly folds: number;
  /** Test ratings; a sum over folds. */
  readonly ratings: number;
  readonly users: UserCounts;
  readonly threshold: number;
  readonly thresholdRule: ThresholdRule;
  readonly undefined: UndefinedRule;
  /** By k, as text: `ranking['10'].ndcg`. */
  readonly ranking: Readonly<Record<string, RankingMetrics>>;
  /** Mean over users, ties counting one half. */
  readonly auc: number;
  /** The same with ties in ascending order of item ids. */
  readonly aucRanked: number;
  readonly roc: readonly RocPoint[];
  /** Mean length of the recommended lists. */
  readonly averageRecommended: number;
  /** Mean number of relevant test items. */
  readonly averageRelevant: number;
}
