import type { ErrorSums } from './accuracy.ts';
import type { ListFacts } from './lists.ts';
import type { RankedList } from './ranked-list.ts';
import {
  areaUnderCurve,
  averagePrecision,
  normalisedDiscountedGain,
  precision,
  recall,
  recallAdjusted,
  reciprocalRank,
  relevantDiscountedGain,
} from './ranking-metrics.ts';

/** How a metric is printed; its name in JSON, CSV and text is its key in `metrics`. */
interface Printed {
  /** Title of its column in an experiment's tables, or undefined if they leave it out. */
  readonly column: string | undefined;
}

/** Computed from the errors of all test ratings, with equal weight. */
interface ErrorMetric extends Printed {
  readonly over: 'ratings';
  readonly of: (errors: ErrorSums) => number;
}

/** Mean over users of a value of each one's first k; NaN for a user for whom it is undefined. */
interface RankingMetric extends Printed {
  readonly over: 'first-k';
  readonly ofUser: (list: RankedList, k: number) => number;
}

/** Computed from the means of other metrics of the first k, which it requests by name. */
interface CombinedMetric extends Printed {
  readonly over: 'first-k';
  readonly ofMeans: (mean: (name: string) => number) => number;
}

/** Computed from all users' recommended lists together, cut at k and whole. */
interface ListMetric extends Printed {
  readonly over: 'lists';
  readonly of: (lists: ListFacts) => number;
}

/**
 * Mean over users of a value of each one's whole list; users for whom it is NaN are left out under
 * either rule.
 */
interface UserMetric extends Printed {
  readonly over: 'users';
  readonly ofUser: (list: RankedList) => number;
}

type Metric = ErrorMetric | RankingMetric | CombinedMetric | ListMetric | UserMetric;

/**
 * Every metric, in the order in which they are printed. What `evaluate` computes, `meanOfFolds`
 * averages, the command line prints and an experiment tabulates follows from this record;
 * `docs/metrics.md` has a row for each. `registerMetric` adds a user's own at the end.
 */
export const metrics = {
  mae: { over: 'ratings', column: 'MAE', of: ({ distances, count }) => distances / count },
  rmse: { over: 'ratings', column: 'RMSE', of: rootOfMeanSquare },
  mse: { over: 'ratings', column: 'MSE', of: ({ squares, count }) => squares / count },
  nrmse: { over: 'ratings', column: 'NRMSE', of: (errors) => rootOfMeanSquare(errors) / errors.range },
  nmae: { over: 'ratings', column: 'NMAE', of: ({ distances, count, range }) => distances / count / range },

  precision: { over: 'first-k', column: 'P', ofUser: precision },
  recall: { over: 'first-k', column: 'R', ofUser: recall },
  recallAdjusted: { over: 'first-k', column: 'Radj', ofUser: recallAdjusted },
  f1: { over: 'first-k', column: 'F1', ofMeans: (mean) => harmonicMean(mean('precision'), mean('recallAdjusted')) },
  mrr: { over: 'first-k', column: 'MRR', ofUser: reciprocalRank },
  map: { over: 'first-k', column: 'MAP', ofUser: (list, k) => averagePrecision(list, k, 'map-min') },
  mapN: { over: 'first-k', column: undefined, ofUser: (list, k) => averagePrecision(list, k, 'map-n') },
  ndcg: { over: 'first-k', column: 'NDCG', ofUser: (list, k) => normalisedDiscountedGain(list, k, 'ndcg-exp') },
  ndcgLinear: {
    over: 'first-k',
    column: undefined,
    ofUser: (list, k) => normalisedDiscountedGain(list, k, 'ndcg-linear'),
  },
  ndcgRelevant: { over: 'first-k', column: 'NDCG-rel', ofUser: relevantDiscountedGain },

  auc: { over: 'users', column: 'AUC', ofUser: (list) => areaUnderCurve(list, 'half') },
  aucRanked: { over: 'users', column: undefined, ofUser: (list) => areaUnderCurve(list, 'ranked') },

  coverage: { over: 'lists', column: 'coverage', of: ({ distinct, available }) => distinct / available },
  diversity: { over: 'lists', column: 'diversity', of: ({ diversity }) => diversity },
  personalisation: { over: 'lists', column: 'personalisation', of: ({ personalisation }) => personalisation },

  averageRecommended: { over: 'users', column: 'recommended', ofUser: ({ recommendedCount }) => recommendedCount },
  averageRelevant: { over: 'users', column: 'relevant', ofUser: ({ relevantCount }) => relevantCount },
  baseRate: { over: 'users', column: 'base rate', ofUser: (list) => list.relevantCount / list.items.length },
  withoutList: { over: 'users', column: 'no list', ofUser: ({ recommendedCount }) => (recommendedCount === 0 ? 1 : 0) },
  constant: { over: 'users', column: 'constant', ofUser: ({ predictions }) => constantList(predictions) },
} as const satisfies Readonly<Record<string, Metric>>;

/** Name of a metric. */
export type MetricName = keyof typeof metrics;

/** What a metric is computed over. */
export type MetricScope = Metric['over'];

/** The metrics computed over a given thing. */
export type MetricOver<Scope extends MetricScope> = {
  [Name in MetricName]: (typeof metrics)[Name]['over'] extends Scope ? Name : never;
}[MetricName];

/** A number for each metric computed over a given thing. */
export type MetricValues<Scope extends MetricScope> = { readonly [Name in MetricOver<Scope>]: number };

/**
 * Names of the metrics computed over any of the given things, in the order of the record.
 *
 * @example
 * metricNames('ratings'); // ['mae', 'rmse', 'mse', 'nrmse', 'nmae']
 */
export function metricNames<Scope extends MetricScope>(...scopes: readonly Scope[]): readonly MetricOver<Scope>[] {
  const names = Object.keys(metrics) as MetricName[];
  return names.filter((name) => (scopes as readonly MetricScope[]).includes(metrics[name].over)) as never;
}

/** A number for each metric computed over a given thing, one by one. */
export function metricValues<Scope extends MetricScope>(
  scope: Scope,
  value: (name: MetricOver<Scope>) => number,
): MetricValues<Scope> {
  return Object.fromEntries(metricNames(scope).map((name) => [name, value(name)])) as MetricValues<Scope>;
}

/** 1 if all predictions are equal, else 0; NaN for a single item, which is not a ranking. */
function constantList(predictions: Float64Array): number {
  if (predictions.length < 2) return Number.NaN;
  return predictions[0] === predictions.at(-1) ? 1 : 0;
}

function rootOfMeanSquare({ squares, count }: ErrorSums): number {
  return Math.sqrt(squares / count);
}

/** 2ab / (a + b), 0 if both are 0. */
function harmonicMean(first: number, second: number): number {
  return first + second === 0 ? 0 : (2 * first * second) / (first + second);
}
