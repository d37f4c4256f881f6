import { identifierRanks } from '../../io/ratings/identifiers.ts';
import { meanRating } from '../../io/ratings/rating-table.ts';
import { rowsByGroup } from '../../io/ratings/rows-by-group.ts';
import { evaluate } from '../../models/metrics/evaluate.ts';
import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import { PrecisionRecallCollector, type PrecisionRecallPoint } from '../../models/metrics/precision-recall.ts';
import { CatalogueUserValues, ofScores, type UserMetrics, UserValues } from '../../models/metrics/user-values.ts';
import { evaluateOnCatalogue } from '../catalogue-evaluation.ts';
import { decimalRatings } from '../decimal-ratings.ts';
import { checkFoldIn, foldedIn } from '../folded-in.ts';
import type { FittedRecommender } from '../recommenders/fit-data.ts';
import { testPredictions } from '../test-predictions.ts';
import type { Experiment } from './experiment-config.ts';
import type { FoldData } from './fold-data.ts';

/** Ratings with their predictions. Users and items are given by their numbers in the scenario. */
export interface ScoredRatings {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly ratings: Float64Array;
  readonly predictions: Float32Array | Float64Array;
}

/** How well a recommender did on some rows. */
export interface RowScores {
  readonly evaluation: Evaluation;
  readonly userMetrics: UserMetrics;
  readonly precisionRecall: readonly PrecisionRecallPoint[];
  readonly rows: ScoredRatings;
  readonly predictSeconds: number;
}

/** Predicts some rows of a fold and scores the predictions as the experiment says. */
export async function scoreRows(
  fitted: FittedRecommender,
  { scenario, genres, fitting, split }: FoldData,
  rows: Int32Array,
  experiment: Experiment,
): Promise<RowScores> {
  const { ratings } = scenario;
  checkFoldIn(fitted, ratings, split.foldIn, itemsByUser(ratings, rows));
  const { users, items, predictions, predictSeconds } = await testPredictions(
    foldedIn(fitted, ratings, fitting.scale, split.foldIn).predict,
    ratings,
    rows,
  );
  const scored = {
    ...{ users, items, predictions },
    ratings: decimalRatings(Float32Array.from(rows, (row) => ratings.values[row] as number)),
  };
  const userValues = new UserValues(experiment.k);
  const curve = new PrecisionRecallCollector();
  const evaluation = evaluate(scored, {
    scale: fitting.scale,
    predicts: fitted.predicts,
    ks: experiment.k,
    threshold: experiment.threshold,
    thresholdRule: experiment.thresholdRule,
    undefined: experiment.undefined,
    itemOrder: identifierRanks(ratings.itemIds),
    genres,
    trainMean: meanRating(ratings, split.train),
    onUser: (user, list) => {
      userValues.add(user, list);
      curve.add(list);
    },
  });
  const userMetrics = fitted.predicts === 'scores' ? ofScores(userValues.result()) : userValues.result();
  return { evaluation, userMetrics, precisionRecall: curve.points(), rows: scored, predictSeconds };
}

/** Has a recommender rank all items for each test user, as the experiment says. */
export async function listAll(
  fitted: FittedRecommender,
  { scenario, split }: FoldData,
  users: Int32Array,
  { catalogueK: ks, threshold, thresholdRule }: Experiment,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly topN: CatalogueEvaluation; readonly values: UserMetrics['values'] }> {
  const userValues = new CatalogueUserValues(users, ks);
  const topN = await evaluateOnCatalogue(fitted, scenario.ratings, split, {
    ...{ ks, threshold, thresholdRule, seed, signal },
    onUser: (user, list) => userValues.add(user, list),
  });
  return { topN, values: userValues.result() };
}

/** The items of some rows, by user. */
function itemsByUser(ratings: FoldData['scenario']['ratings'], rows: Int32Array): Map<number, Int32Array> {
  const own = rowsByGroup(ratings.users, ratings.userIds.length, rows);
  const items = new Map<number, Int32Array>();
  for (const user of ratings.userIds.keys()) {
    const rowsOfUser = own.rows.subarray(own.starts[user], own.starts[user + 1]);
    if (rowsOfUser.length > 0)
      items.set(
        user,
        rowsOfUser.map((row) => ratings.items[row] as number),
      );
  }
  return items;
}
