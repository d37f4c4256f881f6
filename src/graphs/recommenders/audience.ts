import type { Interval } from '../../models/statistics/intervals.ts';
import { shareInterval } from '../../models/statistics/share-interval.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { shownPrediction } from './recommend.ts';

/** How far predictions are from held-out ratings, which is needed to interpret a share of users. */
export interface Calibration {
  readonly ratings: number;
  /** Mean of prediction minus rating: above 0 if the recommender promises too much. */
  readonly bias: number;
  /** The share of these predictions that reach the threshold, minus that of the ratings. */
  readonly shareError: number;
}

/** How many users would like an item, as a recommender predicts it. */
export interface Audience {
  /** A user counts from this prediction upwards. */
  readonly threshold: number;
  readonly users: number;
  /** Mean prediction; NaN without users. */
  readonly mean: number;
  /** Share of the users whose prediction reaches the threshold. */
  readonly share: number;
  /**
   * 95 % bootstrap interval of the share over users: it does not include the recommender's own
   * error.
   */
  readonly interval: Interval;
  /**
   * Users by prediction, in steps of half a rating: `from` is included, `to` is excluded except in
   * the last step.
   */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly users: number }[];
  /** Undefined if every rating was used in training. */
  readonly calibration?: Calibration | undefined;
}

const STEP = 0.5;

/** Summarises predictions for one item, one for each user. */
export function audienceOf(
  predictions: ArrayLike<number>,
  threshold: number,
  scale: { readonly minimum: number; readonly maximum: number },
  calibration: Calibration | undefined,
): Audience {
  let [reached, sum] = [0, 0];
  const steps = Math.max(1, Math.ceil((scale.maximum - scale.minimum) / STEP));
  const counts = new Array<number>(steps).fill(0);
  const { length: users } = predictions;
  for (let user = 0; user < users; user++) {
    const prediction = predictions[user] as number;
    reached += Number(prediction >= threshold);
    sum += prediction;
    const place = Math.floor((prediction - scale.minimum) / STEP);
    const bar = Math.min(steps - 1, Math.max(0, place));
    counts[bar] = (counts[bar] as number) + 1;
  }
  return {
    ...{ threshold, users, mean: sum / users, share: reached / users, interval: shareInterval(reached, users) },
    histogram: counts.map((own, bar) => ({
      from: scale.minimum + bar * STEP,
      to: Math.min(scale.maximum, scale.minimum + (bar + 1) * STEP),
      users: own,
    })),
    calibration,
  };
}

/** Predictions of the ratings that ended a network's training, computed once. */
const judged = new WeakMap<LoadedRecommender, ReturnType<LoadedRecommender['score']>>();

/**
 * The calibration by the ratings that ended a network's training, which it did not learn; undefined
 * for any other recommender.
 */
export async function calibrationOf(model: LoadedRecommender, threshold: number): Promise<Calibration | undefined> {
  const { saved } = model;
  const { validation, ratings, weights } = saved;
  if (weights === undefined || validation.length === 0) return undefined;
  const pick = (from: Int32Array) => validation.map((row) => from[row] as number);
  const scores = await (judged.get(model) ?? model.score(pick(ratings.users), pick(ratings.items)));
  judged.set(model, Promise.resolve(scores));
  let [bias, reached, were] = [0, 0, 0];
  for (const [place, row] of validation.entries()) {
    const prediction = shownPrediction(saved, scores[place] as number);
    const rating = ratings.values[row] as number;
    bias += prediction - rating;
    reached += Number(prediction >= threshold);
    were += Number(rating >= threshold);
  }
  const { length } = validation;
  return { ratings: length, bias: bias / length, shareError: (reached - were) / length };
}
