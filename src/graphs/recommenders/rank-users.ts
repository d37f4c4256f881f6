import { checkInteger, checkString } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { Predicts } from '../../models/recommenders/recommender.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { itemNumber, named } from './ranking.ts';
import { shownPrediction } from './recommend.ts';
import { predictsOf } from './recommender-names.ts';

/** Users ranked for one item. */
export interface RankedUsers {
  readonly itemId: string;
  readonly title?: string | undefined;
  readonly recommender: string;
  /** `scores`: `prediction` only ranks; it is not a rating. */
  readonly predicts: Predicts;
  /** Training ratings of the item; those who gave them are not ranked. */
  readonly ratings: number;
  readonly candidates: number;
  /** Mean of the predictions of all candidates; NaN without any. */
  readonly mean: number;
  /** By what is predicted before it is clipped to the scale; ties in the order of the ids. */
  readonly users: readonly { readonly user: string; readonly prediction: number }[];
}

/** Which users are ranked. */
export interface RankUsersOptions {
  /** Id of the item: one with ratings or, of recommenders that read content, with content. */
  readonly item: string;
  /** Most users; default 10. */
  readonly k?: number | undefined;
}

const known: KnownOptions<RankUsersOptions> = { item: true, k: true };

/**
 * The users who are predicted to like an item most, among those who have not rated it: whom to tell
 * of it. An item that nobody has rated will do where the recommender knows its content.
 *
 * @throws UsageError `unknown-item`.
 * @example
 * const { users } = await rankUsers(await loadRecommender('recommenders/dcf-av-1'), { item: '193609', k: 100 });
 */
export async function rankUsers(model: LoadedRecommender, options: RankUsersOptions): Promise<RankedUsers> {
  checkKnownOptions('rankUsers', options, known);
  const { saved } = model;
  const k = checkInteger('k', options.k ?? 10);
  const item = itemNumber(saved, checkString('item', options.item));
  const { users, items } = saved.ratings;
  const have = new Set(users.filter((_, row) => items[row] === item));
  const candidates = Int32Array.from(saved.userIds.keys()).filter((user) => !have.has(user));
  const scores =
    candidates.length === 0
      ? new Float32Array(0)
      : await model.score(candidates, new Int32Array(candidates.length).fill(item));
  const predictions = Array.from(scores, (score) => shownPrediction(saved, score));
  const order = [...candidates.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return {
    ...named(saved, item),
    ...{ recommender: saved.facts.recommender, predicts: predictsOf(saved.facts.recommender, saved.facts.options) },
    ...{ ratings: have.size, candidates: candidates.length },
    mean: predictions.reduce((sum, value) => sum + value, 0) / predictions.length,
    users: order.slice(0, k).map((place) => ({
      user: saved.userIds[candidates[place] as number] as string,
      prediction: predictions[place] as number,
    })),
  };
}
