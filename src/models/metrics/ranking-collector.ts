import { MetricMean } from './metric-mean.ts';
import { type MetricOver, type MetricValues, metricNames, metrics, metricValues } from './metrics.ts';
import type { RankedList } from './ranked-list.ts';

type Name = MetricOver<'first-k'>;

/** Gathers the ranking metrics at one k over all users. */
export class RankingCollector {
  readonly #k: number;
  readonly #means: ReadonlyMap<Name, MetricMean>;

  /**
   * @param skip - leave users for whom a metric is undefined out of its mean, instead of counting
   * them as 0
   */
  constructor(k: number, skip: boolean) {
    this.#k = k;
    const ofUsers = metricNames('first-k').filter((name) => 'ofUser' in metrics[name]);
    this.#means = new Map(ofUsers.map((name) => [name, new MetricMean(skip)]));
  }

  /** Adds a user's list. */
  add(list: RankedList): void {
    for (const [name, mean] of this.#means) {
      const metric = metrics[name];
      if ('ofUser' in metric) mean.add(metric.ofUser(list, this.#k));
    }
  }

  /** The means over the users added. */
  result(): MetricValues<'first-k'> {
    return metricValues('first-k', (name) => {
      const metric = metrics[name];
      return 'ofMeans' in metric ? metric.ofMeans((other) => this.#mean(other)) : this.#mean(name);
    });
  }

  #mean(name: string): number {
    const mean = this.#means.get(name as Name);
    if (mean === undefined) throw new TypeError(`there is no mean called ${name}`);
    return mean.value;
  }
}
