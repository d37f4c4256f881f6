import type { TrainingRatings } from '../../../src/models/recommenders/recommender.ts';

/** Rows of [user, item, rating] on the scale 0.5 to 5. */
export function training(
  rows: readonly (readonly [user: number, item: number, rating: number])[],
  userCount: number,
  itemCount: number,
): TrainingRatings {
  return {
    users: Int32Array.from(rows, (row) => row[0]),
    items: Int32Array.from(rows, (row) => row[1]),
    values: Float32Array.from(rows, (row) => row[2]),
    userCount,
    itemCount,
    scale: { minimum: 0.5, maximum: 5 },
  };
}
