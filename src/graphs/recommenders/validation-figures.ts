import type { RatingScale } from '../../core/rating-scale.ts';
import { evaluate } from '../../models/metrics/evaluate.ts';
import { globalMean, type Predicts, type TrainingRatings } from '../../models/recommenders/recommender.ts';
import { decimalRatings } from '../decimal-ratings.ts';

/**
 * How a neural recommender predicts the ratings that it was stopped by. It learnt none of them, but
 * was chosen by them.
 */
export interface ValidationFigures {
  readonly ratings: number;
  /** Items among them of which no rating was learnt. */
  readonly newItems: number;
  /** NaN of scores, which are no ratings. */
  readonly rmse: number;
  /** Of the mean of the learnt ratings, whatever the user and the item. */
  readonly meanRmse: number;
  /**
   * Area under each user's ROC curve, averaged; chance is 0.5. NaN where no user has relevant items
   * and others.
   */
  readonly auc: number;
  /** Users that the area is the mean of. */
  readonly aucUsers: number;
}

/** Deviation of one user's area over a handful of ratings that are ranked at random, about. */
const deviationOfUser = 0.3;

/** Where a rating begins to be a good one: two thirds up the scale, 3.5 of 0.5 to 5. */
function relevanceThreshold({ minimum, maximum }: RatingScale): number {
  return minimum + (2 / 3) * (maximum - minimum);
}

/** Judges a neural recommender by validation ratings; undefined without any. */
export async function validationFigures(
  training: TrainingRatings,
  { users, items, values, scale }: TrainingRatings,
  predicts: Predicts,
  predict: (users: Int32Array, items: Int32Array) => Promise<Float32Array | Float64Array>,
): Promise<ValidationFigures | undefined> {
  if (values.length === 0) return undefined;
  const mean = globalMean(training.values);
  const predictions = await predict(users, items);
  const evaluation = evaluate(
    { users, items, ratings: decimalRatings(values), predictions },
    { scale, ks: [10], threshold: relevanceThreshold(scale), predicts },
  );
  const learnt = new Set(training.items);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    ratings: values.length,
    newItems: new Set(items.filter((item) => !learnt.has(item))).size,
    rmse: evaluation.rmse,
    meanRmse: Math.sqrt(squares / values.length),
    auc: evaluation.auc,
    aucUsers: evaluation.users.evaluated - evaluation.users.withOneClass,
  };
}

/**
 * What is wrong with a neural recommender that these figures are of, for people; nothing where
 * nothing is.
 */
export function validationWarnings({ rmse, meanRmse, auc, aucUsers, newItems }: ValidationFigures): string[] {
  const warnings: string[] = [];
  if (rmse >= meanRmse) {
    warnings.push(
      `the network is no better than the mean rating on its validation ratings (RMSE ${rmse.toFixed(3)}, the mean ${meanRmse.toFixed(3)})`,
    );
  }
  const chance = 0.5 + (2 * deviationOfUser) / Math.sqrt(aucUsers);
  if (newItems > 0 && aucUsers > 0 && !(auc > chance)) {
    warnings.push(
      `the network's ranking of its validation ratings, ${newItems} of whose items have no rating in training, cannot be told from chance (AUC ${auc.toFixed(3)} over ${aucUsers} users)`,
    );
  }
  return warnings;
}
