import { checkInteger, checkOneOf, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { type GenreTable, genreVectors } from '../genres.ts';
import { groupRows } from '../group-rows.ts';
import type { Predicts } from '../recommenders/recommender.ts';
import { accuracy } from './accuracy.ts';
import { type ItemGenres, ListCollector } from './lists.ts';
import { MetricMean } from './metric-mean.ts';
import type { Evaluation, UndefinedRule } from './metric-values.ts';
import { type MetricValues, metricNames, metrics } from './metrics.ts';
import { type RankedList, rankedList, type ThresholdRule } from './ranked-list.ts';
import { RankingCollector } from './ranking-collector.ts';
import { rankingOnly } from './ranking-only.ts';
import { RocCollector } from './roc.ts';
import { checkPredictedRatings, type PredictedRatings } from './test-ratings.ts';

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** The rating scale, for the normalised errors. */
  readonly scale: { readonly minimum: number; readonly maximum: number };
  /** List lengths; default 4 and 10. */
  readonly ks?: readonly number[] | undefined;
  /** Threshold between relevant and other ratings; default 3.5. */
  readonly threshold?: number | undefined;
  /** Default `gt`: above the threshold. */
  readonly thresholdRule?: ThresholdRule | undefined;
  /** Default `zero`. */
  readonly undefined?: UndefinedRule | undefined;
  /**
   * Rank of each item's id among all ids in ascending order, which breaks ties; default the item's
   * number.
   */
  readonly itemOrder?: Int32Array | undefined;
  /** Genres of the items, for diversity. */
  readonly genres?: GenreTable | undefined;
  /**
   * `scores`: the predictions only rank items, so metrics that need a rating are NaN. Default
   * `ratings`.
   */
  readonly predicts?: Predicts | undefined;
  /**
   * Number of items that could have been recommended, for coverage; default the number of distinct
   * test items.
   */
  readonly catalogue?: number | undefined;
  /** Mean of the training ratings, reported beside the threshold; default unknown. */
  readonly trainMean?: number | undefined;
  /** Called with each user's list, by ascending user number. */
  readonly onUser?: ((user: number, list: RankedList) => void) | undefined;
}

const known: KnownOptions<EvaluateOptions> = {
  scale: true,
  ks: true,
  threshold: true,
  thresholdRule: true,
  undefined: true,
  itemOrder: true,
  genres: true,
  catalogue: true,
  onUser: true,
  predicts: true,
  trainMean: true,
};

/** List lengths where none are given. */
export const usualLengths: readonly number[] = [4, 10];

/**
 * All metrics of one fold: errors over ratings, ranking metrics as means over the users that have a
 * test rating, list metrics over the recommended lists. `docs/metrics.md` defines each. Time is
 * that of sorting each user's items; memory is a few numbers per row and item, never per pair.
 *
 * @throws UsageError if an argument is invalid, a user has an item twice, or an item is missing
 * from `itemOrder` or `genres`.
 *
 * @example
 * const rows = {
 *   users: Int32Array.of(0, 0, 1),
 *   items: Int32Array.of(3, 5, 3),
 *   ratings: Float32Array.of(4, 2.5, 5),
 *   predictions: Float32Array.of(3.8, 3.1, 4.6),
 * };
 * const result = evaluate(rows, { scale: { minimum: 0.5, maximum: 5 }, ks: [10] });
 * console.log(result.rmse, result.ranking['10']?.ndcg);
 */
export function evaluate(rows: PredictedRatings, options: EvaluateOptions): Evaluation {
  checkKnownOptions('evaluate', options, known);
  const { userCount, itemCount } = checkPredictedRatings(rows);
  const { ks, threshold, rule, undefinedRule, orderOf, genres } = settle(options, itemCount);
  const skip = undefinedRule === 'skip';
  const rankings = ks.map((k) => new RankingCollector(k, skip));
  const cutLists = ks.map((k) => new ListCollector(k, itemCount, genres));
  const wholeLists = new ListCollector(Number.POSITIVE_INFINITY, itemCount, genres);
  const roc = new RocCollector();
  const means = metricNames('users').map((name) => ({ name, mean: new MetricMean(true) }));
  const counts = { evaluated: 0, withoutRecommended: 0, withoutRelevant: 0 };

  for (const [user, list] of rankedLists(rows, userCount, itemCount, threshold, rule, orderOf)) {
    for (const collector of [...rankings, ...cutLists, wholeLists, roc]) collector.add(list);
    for (const { name, mean } of means) mean.add(metrics[name].ofUser(list));
    options.onUser?.(user, list);
    counts.evaluated++;
    if (list.recommendedCount === 0) counts.withoutRecommended++;
    if (list.relevantCount === 0) counts.withoutRelevant++;
  }

  const available = options.catalogue ?? distinct(rows.items, itemCount);
  const { evaluated, withoutRecommended, withoutRelevant } = counts;
  const evaluation: Evaluation = {
    folds: 1,
    ratings: rows.users.length,
    users: { evaluated, withoutRecommended, withoutRelevant, withOneClass: evaluated - roc.users },
    threshold,
    thresholdRule: rule,
    undefined: undefinedRule,
    trainMean: options.trainMean ?? Number.NaN,
    ...accuracy(rows.ratings, rows.predictions, options.scale),
    ranking: Object.fromEntries(
      ks.map((k, index) => [
        String(k),
        {
          ...(rankings[index] as RankingCollector).result(),
          ...(cutLists[index] as ListCollector).result(available, skip),
        },
      ]),
    ),
    ...wholeLists.result(available, skip),
    ...(Object.fromEntries(means.map(({ name, mean }) => [name, mean.value])) as MetricValues<'users'>),
    roc: roc.points(),
  };
  return options.predicts === 'scores' ? rankingOnly(evaluation) : evaluation;
}

function settle(options: EvaluateOptions, itemCount: number) {
  const ks = options.ks ?? usualLengths;
  if (ks.length === 0) throw new UsageError('`ks` must have at least one list length, but is empty');
  for (const k of ks) checkInteger('k', k);
  const threshold = options.threshold ?? 3.5;
  if (!Number.isFinite(threshold)) {
    throw new UsageError(`\`threshold\` must be a finite number, but is ${shown(threshold)}`);
  }
  const rule = checkOneOf('thresholdRule', options.thresholdRule ?? 'gt', ['gt', 'ge']);
  const undefinedRule = checkOneOf('undefined', options.undefined ?? 'zero', ['zero', 'skip']);
  if (options.catalogue !== undefined) checkInteger('catalogue', options.catalogue);
  const { itemOrder, genres } = options;
  if (itemOrder !== undefined && itemOrder.length < itemCount) {
    throw new UsageError(
      `\`itemOrder\` must have a rank for each of ${itemCount} items, but has ${itemOrder.length} entries`,
    );
  }
  const orderOf = itemOrder === undefined ? undefined : (item: number) => itemOrder[item] as number;
  const unitVectors: ItemGenres | undefined = genres && {
    genreCount: genres.genreCount,
    vectors: genreVectors(genres, itemCount),
  };
  return { ks, threshold, rule, undefinedRule, orderOf, genres: unitVectors };
}

/** The list of each user with a row, by ascending user number. */
function* rankedLists(
  rows: PredictedRatings,
  userCount: number,
  itemCount: number,
  threshold: number,
  rule: ThresholdRule,
  orderOf: ((item: number) => number) | undefined,
): Generator<readonly [user: number, list: RankedList]> {
  const grouped = groupRows(rows.users, userCount);
  const lastUser = new Int32Array(itemCount).fill(-1);
  for (let user = 0; user < userCount; user++) {
    const own = grouped.rows.subarray(grouped.starts[user], grouped.starts[user + 1]);
    if (own.length === 0) continue;
    const items = Int32Array.from(own, (row) => rows.items[row] as number);
    for (const item of items) {
      if (lastUser[item] === user) {
        throw new UsageError(`user ${user} has item ${item} more than once in the test ratings`, {
          remedy: 'Keep one rating per user and item.',
        });
      }
      lastUser[item] = user;
    }
    const ratings = Float64Array.from(own, (row) => rows.ratings[row] as number);
    const predictions = Float64Array.from(own, (row) => rows.predictions[row] as number);
    yield [user, rankedList({ items, ratings, predictions }, threshold, rule, orderOf)];
  }
}

function distinct(items: Int32Array, itemCount: number): number {
  const seen = new Uint8Array(itemCount);
  let count = 0;
  for (let row = 0; row < items.length; row++) {
    const item = items[row] as number;
    if (seen[item] === 0) count++;
    seen[item] = 1;
  }
  return count;
}
