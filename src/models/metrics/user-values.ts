import { catalogueFigure, catalogueMetricNames, catalogueMetrics } from './catalogue-metrics.ts';
import type { CatalogueUser } from './evaluate-catalogue.ts';
import type { UndefinedRule } from './metric-values.ts';
import { type MetricName, metricNames, metrics } from './metrics.ts';
import type { RankedList } from './ranked-list.ts';
import { needsOnlyOrder } from './ranking-only.ts';

/** The metrics of each user, column by column, for paired tests. */
export interface UserMetrics {
  /** Numbers of the users, ascending. */
  readonly users: Int32Array;
  /**
   * By name as in an experiment's tables (`rmse`, `ndcg@10`, `auc`), a value for each user. NaN if
   * the metric is undefined for a user.
   */
  readonly values: Readonly<Record<string, Float64Array>>;
}

/** Metrics whose undefined users are left out whatever the rule says. */
const wholeList = /^((mae|rmse|auc|aucRanked)$|catalogue\.)/;

/**
 * What a user's value of a metric counts in a mean; undefined where the user is left out. A user
 * for whom a ranking metric is not defined counts 0 or is left out, as in the means of the tables.
 */
export function countedValue(metric: string, value: number, rule: UndefinedRule): number | undefined {
  if (!Number.isNaN(value)) return value;
  return rule === 'zero' && !wholeList.test(metric) ? 0 : undefined;
}

/**
 * The metrics of users for scores, which are not ratings: only those of their order; the other
 * columns are NaN, each with memory of its own.
 */
export function ofScores({ users, values }: UserMetrics): UserMetrics {
  const columns = Object.entries(values).map(([name, column]) => {
    const [metric = ''] = name.split('@');
    return [name, needsOnlyOrder(metric as MetricName) ? column : column.map(() => Number.NaN)] as const;
  });
  return { users, values: Object.fromEntries(columns) };
}

/**
 * Gathers the metrics of each user while `evaluate` iterates over them: the errors `mae` and `rmse`
 * of a user's own ratings, every ranking metric of the first k, and those of the whole list.
 *
 * @example
 * declare const list: RankedList;
 * const values = new UserValues([10]);
 * values.add(0, list);
 * values.result().values['ndcg@10'];
 */
export class UserValues {
  readonly #users: number[] = [];
  readonly #columns: readonly { readonly name: string; readonly values: number[]; of(list: RankedList): number }[];

  /** @param ks - list lengths. */
  constructor(ks: readonly number[]) {
    const column = (name: string, of: (list: RankedList) => number) => ({ name, values: [], of });
    this.#columns = [
      column('mae', (list) => meanError(list, Math.abs)),
      column('rmse', (list) => Math.sqrt(meanError(list, (error) => error * error))),
      ...ks.flatMap((k) =>
        metricNames('first-k').flatMap((name) => {
          const metric = metrics[name];
          return 'ofUser' in metric ? [column(`${name}@${k}`, (list) => metric.ofUser(list, k))] : [];
        }),
      ),
      ...metricNames('users').map((name) => column(name, metrics[name].ofUser)),
    ];
  }

  /** Adds a user's list. */
  add(user: number, list: RankedList): void {
    this.#users.push(user);
    for (const { values, of } of this.#columns) values.push(of(list));
  }

  /** The values of all users added so far. */
  result(): UserMetrics {
    const values = this.#columns.map((column) => [column.name, Float64Array.from(column.values)] as const);
    return { users: Int32Array.from(this.#users), values: Object.fromEntries(values) };
  }
}

/**
 * The catalogue metrics of each user while `evaluateCatalogue` iterates over them, in the same
 * order as those of the rated test items; NaN for a user without a relevant item.
 */
export class CatalogueUserValues {
  readonly #places: ReadonlyMap<number, number>;
  readonly #columns: readonly {
    readonly values: Float64Array;
    readonly name: string;
    of(list: CatalogueUser): number;
  }[];

  /**
   * @param users - the numbers of all tested users.
   * @param ks - list lengths.
   */
  constructor(users: Int32Array, ks: readonly number[]) {
    this.#places = new Map([...users].map((user, place) => [user, place]));
    this.#columns = ks.flatMap((k) =>
      catalogueMetricNames.map((name) => ({
        name: catalogueFigure(name, k),
        values: new Float64Array(users.length).fill(Number.NaN),
        of: ({ hits, relevant }: CatalogueUser) => catalogueMetrics[name]({ hits: hits.subarray(0, k), relevant, k }),
      })),
    );
  }

  /** Adds a user's list. */
  add(user: number, list: CatalogueUser): void {
    const place = this.#places.get(user);
    if (place === undefined) throw new Error(`user ${user} has a list, but is not tested`);
    for (const { values, of } of this.#columns) values[place] = of(list);
  }

  /** The values of all users, by name: `catalogue.ndcg@10`, ... */
  result(): Readonly<Record<string, Float64Array>> {
    return Object.fromEntries(this.#columns.map(({ name, values }) => [name, values]));
  }
}

function meanError({ ratings, predictions }: RankedList, sizeOf: (error: number) => number): number {
  let sum = 0;
  for (let rank = 0; rank < ratings.length; rank++) {
    sum += sizeOf((predictions[rank] as number) - (ratings[rank] as number));
  }
  return sum / ratings.length;
}
