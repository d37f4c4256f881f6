import type { RatingScale } from '../core/rating-scale.ts';
import type { RatingTable } from '../io/ratings/rating-table.ts';
import { clip } from '../models/recommenders/recommender.ts';
import type { FittedRecommender } from './recommenders/fit-data.ts';

/** How pairs of user and item are predicted. */
export type PairPredictor = (users: Int32Array, items: Int32Array) => Promise<Float32Array | Float64Array>;

/**
 * Predicts and scores pairs as a recommender does, those of users who have fold-in ratings from
 * these ratings, as those of somebody who was not there in training. A recommender that cannot do
 * so takes such users for any others.
 */
export function foldedIn(
  model: FittedRecommender,
  ratings: RatingTable,
  scale: RatingScale,
  foldIn: Int32Array | undefined,
): { readonly predict: PairPredictor; readonly score: PairPredictor } {
  const { scoreNewUser } = model;
  if (foldIn === undefined || foldIn.length === 0 || scoreNewUser === undefined) {
    return {
      predict: (users, items) => model.predict(users, items),
      score: (users, items) => model.score(users, items),
    };
  }
  const shown = new Map<number, number[]>();
  for (const row of foldIn) {
    const user = ratings.users[row] as number;
    shown.set(user, [...(shown.get(user) ?? []), row]);
  }
  const score: PairPredictor = async (users, items) => {
    const scores = Float32Array.from(await model.score(users, items));
    const places = new Map<number, number[]>();
    for (const [place, user] of users.entries()) {
      if (!shown.has(user)) continue;
      const own = places.get(user);
      if (own === undefined) places.set(user, [place]);
      else own.push(place);
    }
    for (const [user, own] of places) {
      const rows = shown.get(user) as number[];
      const known = {
        items: Int32Array.from(rows, (row) => ratings.items[row] as number),
        values: Float32Array.from(rows, (row) => ratings.values[row] as number),
      };
      const wanted = Int32Array.from(own, (place) => items[place] as number);
      const found = await scoreNewUser(known, wanted);
      for (const [at, place] of own.entries()) scores[place] = found[at] as number;
    }
    return scores;
  };
  if (model.predicts === 'scores') return { predict: score, score };
  return { predict: async (users, items) => (await score(users, items)).map((value) => clip(value, scale)), score };
}
