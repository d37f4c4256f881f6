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
  const { scoreNewUser, foldIn: learn } = model;
  if (foldIn === undefined || foldIn.length === 0 || (scoreNewUser === undefined && learn === undefined)) {
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
  let scoreOfAll: ReturnType<NonNullable<typeof learn>> | undefined;
  const together: PairPredictor | undefined =
    learn &&
    (async (users, items) => {
      scoreOfAll ??= learn(foldIn);
      return (await scoreOfAll)(users, items);
    });
  const score: PairPredictor = async (users, items) => {
    const scores = Float32Array.from(await model.score(users, items));
    const places = new Map<number, number[]>();
    for (const [place, user] of users.entries()) {
      if (!shown.has(user)) continue;
      const own = places.get(user);
      if (own === undefined) places.set(user, [place]);
      else own.push(place);
    }
    if (together !== undefined) {
      const own = Int32Array.from([...places.values()].flat());
      if (own.length === 0) return scores;
      const pick = (of: Int32Array) => own.map((place) => of[place] as number);
      const found = await together(pick(users), pick(items));
      for (const [at, place] of own.entries()) scores[place] = found[at] as number;
      return scores;
    }
    for (const [user, own] of places) {
      const rows = oldestFirst(shown.get(user) as number[], ratings);
      const known = {
        items: Int32Array.from(rows, (row) => ratings.items[row] as number),
        values: Float32Array.from(rows, (row) => ratings.values[row] as number),
      };
      const wanted = Int32Array.from(own, (place) => items[place] as number);
      const found = await (scoreNewUser as NonNullable<typeof scoreNewUser>)(known, wanted);
      for (const [at, place] of own.entries()) scores[place] = found[at] as number;
    }
    return scores;
  };
  if (model.predicts === 'scores') return { predict: score, score };
  return { predict: async (users, items) => (await score(users, items)).map((value) => clip(value, scale)), score };
}

/** Rows in the order of time, ties as they are; without times as they are. */
function oldestFirst(rows: readonly number[], { timestamps }: RatingTable): readonly number[] {
  if (timestamps === undefined) return rows;
  return [...rows].sort((a, b) => (timestamps[a] as number) - (timestamps[b] as number));
}
