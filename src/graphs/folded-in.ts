import { AskedOnce } from '../core/asked-once.ts';
import type { RatingScale } from '../core/rating-scale.ts';
import type { RatingTable } from '../io/ratings/rating-table.ts';
import { clip, type NewUserRatings } from '../models/recommenders/recommender.ts';
import type { FittedRecommender } from './recommenders/fit-data.ts';

/** How pairs of user and item are predicted, with the times of their ratings if these are known. */
export type PairPredictor = (
  users: Int32Array,
  items: Int32Array,
  times?: Float64Array,
) => Promise<Float32Array | Float64Array>;

/**
 * Predicts and scores pairs with a recommender. A user with fold-in ratings is scored from these
 * ratings, as a user who was not in the training data. A recommender that cannot do so treats such
 * users like any others.
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
      predict: (users, items, times) => model.predict(users, items, times),
      score: (users, items) => model.score(users, items),
    };
  }
  const shown = shownRatings(ratings, foldIn);
  const scoreOfAll = new AskedOnce<Awaited<ReturnType<NonNullable<typeof learn>>>>();
  const together: PairPredictor | undefined =
    learn && (async (users, items) => (await scoreOfAll.ask(() => learn(foldIn)))(users, items));
  const score: PairPredictor = async (users, items) => {
    const pick = (of: Int32Array, places: Int32Array) => places.map((place) => of[place] as number);
    const scores = new Float32Array(users.length);
    const others = Int32Array.from(users.keys()).filter((place) => !shown.has(users[place] as number));
    const known = others.length === 0 ? [] : await model.score(pick(users, others), pick(items, others));
    for (const [at, place] of others.entries()) scores[place] = known[at] as number;
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
      const found = await together(pick(users, own), pick(items, own));
      for (const [at, place] of own.entries()) scores[place] = found[at] as number;
      return scores;
    }
    for (const [user, own] of places) {
      const wanted = Int32Array.from(own, (place) => items[place] as number);
      const found = await (scoreNewUser as NonNullable<typeof scoreNewUser>)(shown.get(user) as NewUserRatings, wanted);
      for (const [at, place] of own.entries()) scores[place] = found[at] as number;
    }
    return scores;
  };
  if (model.predicts === 'scores') return { predict: score, score };
  return { predict: async (users, items) => (await score(users, items)).map((value) => clip(value, scale)), score };
}

/**
 * Checks, before anything is scored, that a recommender can score these items for the users who
 * have fold-in ratings.
 *
 * @param itemsOf the items to score for each user.
 * @returns the users without fold-in ratings: the recommender treats them like any others.
 * @throws UsageError `too-many-steps`.
 */
export function checkFoldIn(
  model: FittedRecommender,
  ratings: RatingTable,
  foldIn: Int32Array | undefined,
  itemsOf: ReadonlyMap<number, Int32Array>,
): number[] {
  const users = [...itemsOf.keys()];
  if (foldIn === undefined || (model.scoreNewUser === undefined && model.foldIn === undefined)) return users;
  const shown = shownRatings(ratings, foldIn);
  const asked = users.flatMap((user) => {
    const own = shown.get(user);
    return own === undefined ? [] : [{ own, items: itemsOf.get(user) as Int32Array }];
  });
  model.checkNewUsers?.(asked);
  return users.filter((user) => !shown.has(user));
}

/** The fold-in ratings of each user who has any, oldest first. */
function shownRatings(ratings: RatingTable, foldIn: Int32Array): Map<number, NewUserRatings> {
  const rowsOf = new Map<number, number[]>();
  for (const row of foldIn) {
    const user = ratings.users[row] as number;
    const own = rowsOf.get(user);
    if (own === undefined) rowsOf.set(user, [row]);
    else own.push(row);
  }
  return new Map([...rowsOf].map(([user, rows]) => [user, ratingsOf(oldestFirst(rows, ratings), ratings)]));
}

function ratingsOf(rows: readonly number[], ratings: RatingTable): NewUserRatings {
  return {
    items: Int32Array.from(rows, (row) => ratings.items[row] as number),
    values: Float32Array.from(rows, (row) => ratings.values[row] as number),
  };
}

/** Rows ordered by time, ties in their given order; unchanged if there are no times. */
function oldestFirst(rows: readonly number[], { timestamps }: RatingTable): readonly number[] {
  if (timestamps === undefined) return rows;
  return [...rows].sort((a, b) => (timestamps[a] as number) - (timestamps[b] as number));
}
