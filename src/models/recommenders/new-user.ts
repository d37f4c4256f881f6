import type { NewUserRatings, TrainingRatings } from './recommender.ts';

/** The ratings, followed by those of one more user, whose number is the next one. */
export function withNewUser(ratings: TrainingRatings, own: NewUserRatings): TrainingRatings {
  const { users, items, values, userCount } = ratings;
  const length = users.length + own.items.length;
  const joined = { users: new Int32Array(length), items: new Int32Array(length), values: new Float32Array(length) };
  joined.users.set(users);
  joined.users.fill(userCount, users.length);
  joined.items.set(items);
  joined.items.set(own.items, users.length);
  joined.values.set(values);
  joined.values.set(own.values, users.length);
  return { ...ratings, ...joined, userCount: userCount + 1 };
}

/** Scores for a new user by a recommender that is cheap enough to fit again. */
export function scoreAsTrained(
  recommender: { fit(ratings: TrainingRatings): void; score(users: Int32Array, items: Int32Array): Float32Array },
  ratings: TrainingRatings,
  own: NewUserRatings,
  items: Int32Array,
): Float32Array {
  recommender.fit(withNewUser(ratings, own));
  return recommender.score(new Int32Array(items.length).fill(ratings.userCount), items);
}
