import type { RankingMetrics } from './evaluation.ts';
import type { ListMetrics } from './lists.ts';
import { MetricMean } from './metric-mean.ts';
import type { RankedList } from './ranked-list.ts';
import {
  averagePrecision,
  normalisedDiscountedGain,
  precision,
  recall,
  recallPlain,
  reciprocalRank,
} from './ranking.ts';

/** The means of a user's metrics; F1 is made of two of them. */
type MeanName = Exclude<keyof RankingMetrics, keyof ListMetrics | 'f1'>;

const metrics: Readonly<Record<MeanName, (list: RankedList, k: number) => number>> = {
  precision,
  recall,
  recallPlain,
  mrr: reciprocalRank,
  map: (list, k) => averagePrecision(list, k, 'map-min'),
  mapN: (list, k) => averagePrecision(list, k, 'map-n'),
  ndcg: (list, k) => normalisedDiscountedGain(list, k, 'ndcg-exp'),
  ndcgLinear: (list, k) => normalisedDiscountedGain(list, k, 'ndcg-linear'),
};
const names = Object.keys(metrics) as MeanName[];

/** Gathers the ranking metrics at one k over all users. */
export class RankingCollector {
  readonly #k: number;
  readonly #means: Readonly<Record<MeanName, MetricMean>>;

  /** @param skip leave users for whom a metric is not defined out of its mean, where they otherwise count 0 */
  constructor(k: number, skip: boolean) {
    this.#k = k;
    this.#means = Object.fromEntries(names.map((name) => [name, new MetricMean(skip)])) as Record<MeanName, MetricMean>;
  }

  /** Adds a user's list. */
  add(list: RankedList): void {
    for (const name of names) this.#means[name].add(metrics[name](list, this.#k));
  }

  /** The means over the users added. */
  result(): Omit<RankingMetrics, keyof ListMetrics> {
    const means = Object.fromEntries(names.map((name) => [name, this.#means[name].value])) as Record<MeanName, number>;
    return { ...means, f1: harmonicMean(means.precision, means.recall) };
  }
}

/** 2ab / (a + b), 0 where both are 0. */
function harmonicMean(first: number, second: number): number {
  return first + second === 0 ? 0 : (2 * first * second) / (first + second);
}
