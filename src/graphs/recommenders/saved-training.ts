import type { RatingTable } from '../../io/ratings/rating-table.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import { trainingRatings } from './fit-data.ts';
import type { SavedRecommender } from './saved-recommender.ts';

/** The ratings of a saved recommender, with the ids that its numbers stand for. */
export function savedTable({
  ratings,
  userIds,
  catalogue,
}: Pick<SavedRecommender, 'ratings' | 'userIds' | 'catalogue'>): RatingTable {
  return { ...ratings, userIds, itemIds: catalogue.map(({ id }) => id) };
}

/** The rows that it learnt from: all except those that only decided when to stop. */
function learntRows({ ratings, validation }: SavedRecommender): Int32Array {
  const isLearnt = new Uint8Array(ratings.values.length).fill(1);
  for (const row of validation) isLearnt[row] = 0;
  return Int32Array.from(ratings.values.keys()).filter((row) => isLearnt[row] === 1);
}

/** The ratings that it learnt from. */
export function learntRatings(saved: SavedRecommender): TrainingRatings {
  const table = { ratings: savedTable(saved), scale: saved.facts.scale };
  const rows = learntRows(saved);
  return trainingRatings({ ...table, train: rows, validation: saved.validation }, rows);
}

/** The item of each rating that it learnt from. */
export function learntItems(saved: SavedRecommender): Int32Array {
  return learntRows(saved).map((row) => saved.ratings.items[row] as number);
}

/** Its weights by name; empty for a recommender without weights. */
export function savedWeights({ weights }: Pick<SavedRecommender, 'weights'>): Map<string, Float32Array> {
  return new Map([...(weights ?? [])].map(([name, { values }]) => [name, values]));
}
