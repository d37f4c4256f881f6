import { likedAboveOf } from '../../core/rating-scale.ts';
import { evaluate } from '../../models/metrics/evaluate.ts';
import { globalMean, type Predicts, type TrainingRatings } from '../../models/recommenders/recommender.ts';
import { decimalRatings } from '../decimal-ratings.ts';

/**
 * How well a neural recommender predicts its validation ratings. It did not learn from them, but
 * was selected by them.
 */
export interface ValidationFigures {
  readonly ratings: number;
  /** Validation items without a single training rating. */
  readonly newItems: number;
  /** NaN for scores, which are not ratings. */
  readonly rmse: number;
  /** The RMSE if the mean of the training ratings is predicted for every user and item. */
  readonly meanRmse: number;
  /**
   * Area under each user's ROC curve, averaged; chance is 0.5. NaN if no user has both relevant
   * items and others.
   */
  readonly auc: number;
  /** Number of users over which the area is averaged. */
  readonly aucUsers: number;
  /** The same over the ratings of `newItems` only; NaN and 0 if there are none. */
  readonly newAuc: number;
  readonly newAucUsers: number;
}

/** Approximate standard deviation of one user's area over a handful of randomly ranked ratings. */
const deviationOfUser = 0.3;

/**
 * Maximum standard error for judging an area: an area of 0.6 can then be distinguished from chance.
 * 36 new items and 36 users reach it.
 */
const mostError = 0.05;

/** Judges a neural recommender by validation ratings; undefined without any. */
export async function validationFigures(
  training: TrainingRatings,
  { users, items, values, scale, times }: TrainingRatings,
  predicts: Predicts,
  predict: (users: Int32Array, items: Int32Array, times?: Float64Array) => Promise<Float32Array | Float64Array>,
): Promise<ValidationFigures | undefined> {
  if (values.length === 0) return undefined;
  const mean = globalMean(training.values);
  const predictions = await predict(users, items, times);
  const judged = (rows: Int32Array) => {
    const pick = (of: Int32Array) => rows.map((row) => of[row] as number);
    const evaluation = evaluate(
      {
        ...{ users: pick(users), items: pick(items) },
        ratings: decimalRatings(Float32Array.from(rows, (row) => values[row] as number)),
        predictions: Float64Array.from(rows, (row) => predictions[row] as number),
      },
      { scale, ks: [10], threshold: likedAboveOf(scale), predicts },
    );
    return { ...evaluation, aucUsers: evaluation.users.evaluated - evaluation.users.withOneClass };
  };
  const all = Int32Array.from(values.keys());
  const learnt = new Set(training.items);
  const ofNew = all.filter((row) => !learnt.has(items[row] as number));
  const evaluation = judged(all);
  const newest = ofNew.length === 0 ? undefined : ofNew.length === all.length ? evaluation : judged(ofNew);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    ratings: values.length,
    newItems: new Set(ofNew.map((row) => items[row] as number)).size,
    rmse: evaluation.rmse,
    meanRmse: Math.sqrt(squares / values.length),
    auc: evaluation.auc,
    aucUsers: evaluation.aucUsers,
    newAuc: newest?.auc ?? Number.NaN,
    newAucUsers: newest?.aucUsers ?? 0,
  };
}

/**
 * What is wrong with a neural recommender that has these figures, in sentences; empty if nothing
 * is. Its ranking of new items is judged only if there are enough of them, and enough users: both
 * are samples, so the smaller number determines the standard error of the area.
 */
export function validationWarnings(figures: ValidationFigures): string[] {
  const { rmse, meanRmse, newAuc, newAucUsers, newItems } = figures;
  const warnings: string[] = [];
  if (rmse >= meanRmse) {
    warnings.push(
      `the network is no better than the mean rating on its validation ratings (RMSE ${rmse.toFixed(3)}, the mean ${meanRmse.toFixed(3)})`,
    );
  }
  const error = deviationOfUser / Math.sqrt(Math.min(newAucUsers, newItems));
  if (error <= mostError && !(newAuc > 0.5 + 2 * error)) {
    warnings.push(
      `the network's ranking of the ${newItems} validation items without a rating in training cannot be told from chance (AUC ${newAuc.toFixed(3)} over ${newAucUsers} users)`,
    );
  }
  return warnings;
}
