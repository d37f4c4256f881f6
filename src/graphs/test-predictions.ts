import type { RatingTable } from '../io/ratings/rating-table.ts';
import type { PairPredictor } from './folded-in.ts';

/** Pairs of user and item, and a recommender's predictions for them. */
export interface PredictedPairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly predictions: Float32Array | Float64Array;
  /** Wall seconds for predicting all of them in one call. */
  readonly predictSeconds: number;
}

/**
 * Predicts the test rows of a table in one call, which suits recommenders that compute similarities
 * as they predict.
 */
export async function testPredictions(
  predict: PairPredictor,
  ratings: RatingTable,
  test: Int32Array,
): Promise<PredictedPairs> {
  const users = Int32Array.from(test, (row) => ratings.users[row] as number);
  const items = Int32Array.from(test, (row) => ratings.items[row] as number);
  const { timestamps } = ratings;
  const times = timestamps && Float64Array.from(test, (row) => timestamps[row] as number);
  const started = performance.now();
  const predictions = await predict(users, items, times);
  return { users, items, predictions, predictSeconds: (performance.now() - started) / 1000 };
}
