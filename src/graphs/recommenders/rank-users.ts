import { checkFinite, checkInteger, checkString } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { likedAboveOf, type RatingScale } from '../../core/rating-scale.ts';
import { Nearest } from '../../models/recommenders/nearest-neighbours.ts';
import type { Predicts } from '../../models/recommenders/recommender.ts';
import { type Interval, meanInterval } from '../../models/statistics/intervals.ts';
import { pairedTTest } from '../../models/statistics/paired-t-test.ts';
import { type Audience, audienceOf, calibrationOf } from './audience.ts';
import { scoreFurtherItems } from './further-items.ts';
import { featuresOfItem } from './item-features.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { itemNumber, named, rankingOf } from './ranking.ts';
import { shownPrediction } from './recommend.ts';
import { predictsOf } from './recommender-names.ts';
import { trainedOn } from './trained-on.ts';

/** Users ranked for one item. */
export interface RankedUsers {
  readonly itemId: string;
  readonly title?: string | undefined;
  readonly recommender: string;
  /** `scores`: `prediction` only ranks; it is not a rating. */
  readonly predicts: Predicts;
  /** Number of training ratings of the item; the users who gave them are not ranked. */
  readonly ratings: number;
  readonly candidates: number;
  /** Mean of the predictions of all candidates; NaN without any. */
  readonly mean: number;
  /** Sorted by the prediction before it is clipped to the scale; ties in the order of the ids. */
  readonly users: readonly { readonly user: string; readonly prediction: number }[];
  /** How many users would like it; undefined for recommenders whose predictions only rank. */
  readonly audience?: Audience | undefined;
  /** With `against`: what the same users would give the other item. */
  readonly against?: ComparedItem | undefined;
  /** What the recommender was trained on. */
  readonly trainedOn: readonly string[];
}

/** Another item, judged by the same users. */
export interface ComparedItem {
  readonly itemId: string;
  readonly audience?: Audience | undefined;
  /** Mean over users of the first item's prediction minus this one's, and its 95 % interval. */
  readonly difference: number;
  readonly interval: Interval;
  /** Two-sided p-value of a paired t-test over users. */
  readonly p: number;
}

/** Which users to rank. */
export interface RankUsersOptions {
  /** Id of the item: one with ratings or, for recommenders that read content, with content. */
  readonly item: string;
  /**
   * A store of features that includes the item, which the recommender then need not know; for
   * instance an unreleased cut of a trailer.
   */
  readonly itemFeatures?: string | undefined;
  /** Another item from the same place to compare with, for instance another cut. */
  readonly against?: string | undefined;
  /**
   * The prediction from which a user counts as audience. Default: 4 on scales from 0.5 or 1 to 5,
   * two thirds up any other scale.
   */
  readonly threshold?: number | undefined;
  /** Maximum number of users. Default 10. */
  readonly k?: number | undefined;
}

const known: KnownOptions<RankUsersOptions> = {
  ...{ item: true, itemFeatures: true, against: true, threshold: true, k: true },
};

/**
 * The users who are predicted to like an item most among those who have not rated it (whom to tell
 * about it), and how many would like it. The item need not have ratings if the recommender knows
 * its content, and the recommender need not know it at all if `itemFeatures` has its features.
 *
 * @throws UsageError `unknown-item`; what `featuresOfItem` throws for `itemFeatures` and `against`.
 * @example
 * const { users } = await rankUsers(await loadRecommender('recommenders/dcf-av-1'), { item: '193609', k: 100 });
 */
export async function rankUsers(model: LoadedRecommender, options: RankUsersOptions): Promise<RankedUsers> {
  checkKnownOptions('rankUsers', options, known);
  const { saved } = model;
  const { recommender: name, options: trained, scale } = saved.facts;
  const k = checkInteger('k', options.k ?? 10);
  const threshold = checkFinite('threshold', options.threshold ?? usualThreshold(scale));
  const { itemFeatures, against } = options;
  const id = checkString('item', options.item);
  const item = itemFeatures === undefined ? itemNumber(saved, id) : undefined;
  const ranking = rankingOf(saved);
  const other = against === undefined || itemFeatures !== undefined ? undefined : itemNumber(saved, against);
  const have = new Set([item, other].flatMap((each) => (each === undefined ? [] : ranking.usersOf(each))));
  const candidates = Int32Array.from(saved.userIds.keys()).filter((user) => !have.has(user));
  const [scores, otherScores] = await scoresOf(model, candidates, { id, item, against, other, itemFeatures });
  const shownOf = (each: Scores) => Float64Array.from(each, (score) => shownPrediction(saved, score));
  const predictions = shownOf(scores);
  const predicts = predictsOf(name, trained);
  const calibration = predicts === 'scores' ? undefined : await calibrationOf(model, threshold);
  const countedOf = (each: Float64Array) =>
    predicts === 'scores' ? {} : { audience: audienceOf(each, threshold, scale, calibration) };
  const compared =
    against === undefined || otherScores === undefined
      ? {}
      : { against: comparedWith(against, predictions, shownOf(otherScores), countedOf) };
  return {
    ...(item === undefined ? { itemId: id } : named(saved, item)),
    ...{ recommender: name, predicts, ratings: item === undefined ? 0 : (ranking.counts[item] as number) },
    ...{ candidates: candidates.length, mean: predictions.reduce((sum, value) => sum + value, 0) / predictions.length },
    users: placesOfBest(scores, k).map((place) => ({
      user: saved.userIds[candidates[place] as number] as string,
      prediction: predictions[place] as number,
    })),
    ...countedOf(predictions),
    ...compared,
    trainedOn: trainedOn(model),
  };
}

type Scores = Float32Array | Float64Array;

/** Places of the highest scores; the first of equal ones. */
function placesOfBest(scores: Scores, k: number): number[] {
  const nearest = new Nearest(Math.min(k, scores.length));
  for (let place = 0; place < scores.length; place++) nearest.offer(place, scores[place] as number);
  return [...nearest.places].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}

/** Scores of the item, and of the other one if there is one, for each candidate. */
async function scoresOf(
  model: LoadedRecommender,
  candidates: Int32Array,
  {
    id,
    item,
    against,
    other,
    itemFeatures,
  }: {
    readonly id: string;
    readonly item: number | undefined;
    readonly against: string | undefined;
    readonly other: number | undefined;
    readonly itemFeatures: string | undefined;
  },
): Promise<readonly [Scores, Scores | undefined]> {
  if (item === undefined) {
    const further = [await featuresOfItem(model, id, itemFeatures)];
    if (against !== undefined) further.push(await featuresOfItem(model, against, itemFeatures));
    const [scores = new Float32Array(0), others] = await scoreFurtherItems(model, further, candidates);
    return [scores, others];
  }
  const scored = async (each: number): Promise<Scores> =>
    candidates.length === 0
      ? new Float32Array(0)
      : await model.score(candidates, new Int32Array(candidates.length).fill(each));
  return [await scored(item), other === undefined ? undefined : await scored(other)];
}

function comparedWith(
  itemId: string,
  own: Float64Array,
  other: Float64Array,
  countedOf: (each: Float64Array) => { readonly audience?: Audience | undefined },
): ComparedItem {
  const differences = own.map((value, user) => value - (other[user] as number));
  const difference = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const { p } = pairedTTest(own, other);
  return { itemId, ...countedOf(other), difference, interval: meanInterval(differences), p };
}

/**
 * 4 on star scales (0.5 or 1 to 5), where people understand it as "likes it"; two thirds up any
 * other scale.
 */
function usualThreshold(scale: RatingScale): number {
  const isOfStars = scale.maximum === 5 && (scale.minimum === 0.5 || scale.minimum === 1);
  return isOfStars ? 4 : likedAboveOf(scale);
}
