import { identifierRanks } from '../../io/ratings/identifiers.ts';
import { meanRating } from '../../io/ratings/rating-table.ts';
import { evaluate } from '../../models/metrics/evaluate.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import { PrecisionRecallCollector, type PrecisionRecallPoint } from '../../models/metrics/precision-recall.ts';
import { type UserMetrics, UserValues } from '../../models/metrics/user-values.ts';
import { decimalRatings } from '../decimal-ratings.ts';
import type { FittedRecommender } from '../recommenders/fit-data.ts';
import { testPredictions } from '../test-predictions.ts';
import type { Experiment } from './experiment-config.ts';
import type { FoldData } from './fold-data.ts';

/** Ratings with what was predicted for them: numbers of the scenario's users and items. */
export interface ScoredRatings {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly ratings: Float64Array;
  readonly predictions: Float32Array | Float64Array;
}

/** How a recommender did on some rows. */
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
  const { users, items, predictions, predictSeconds } = await testPredictions(fitted, ratings, rows);
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
  const userMetrics = withoutErrors(userValues.result(), evaluation);
  return { evaluation, userMetrics, precisionRecall: curve.points(), rows: scored, predictSeconds };
}

/** A recommender that gives scores and no ratings has no errors, of no user either. */
function withoutErrors({ users, values }: UserMetrics, { rmse }: Evaluation): UserMetrics {
  if (!Number.isNaN(rmse)) return { users, values };
  const none = new Float64Array(users.length).fill(Number.NaN);
  return { users, values: { ...values, mae: none, rmse: none } };
}
