import { groupRows } from '../group-rows.ts';
import type { TrainingRatings } from './recommender.ts';

/**
 * The ratings of each user (or of each item) one after another, in the order of the training rows:
 * those of `owner` are at `starts[owner]` to `starts[owner + 1] - 1`.
 */
export interface RatingLists {
  readonly count: number;
  /** Int32Array[count + 1]. */
  readonly starts: Int32Array;
  /** The item of a user's rating, or the user of an item's rating. */
  readonly others: Int32Array;
  readonly values: Float32Array;
}

/** The ratings by user. */
export function listsByUser(ratings: TrainingRatings): RatingLists {
  return group(ratings.users, ratings.items, ratings.values, ratings.userCount);
}

/** The ratings by item. */
export function listsByItem(ratings: TrainingRatings): RatingLists {
  return group(ratings.items, ratings.users, ratings.values, ratings.itemCount);
}

/**
 * Rows in the order of stochastic gradient descent: user after user as they first appear, each
 * user's rows as they are.
 */
export function rowsByFirstAppearance(ratings: TrainingRatings): Int32Array {
  const { starts, rows } = groupRows(ratings.users, ratings.userCount);
  const ordered = new Int32Array(rows.length);
  let done = 0;
  for (let row = 0; row < rows.length; row++) {
    const user = ratings.users[row] as number;
    const start = starts[user] as number;
    if (rows[start] !== row) continue;
    const own = rows.subarray(start, starts[user + 1]);
    ordered.set(own, done);
    done += own.length;
  }
  return ordered;
}

function group(owners: Int32Array, others: Int32Array, values: Float32Array, count: number): RatingLists {
  const { starts, rows } = groupRows(owners, count);
  const grouped = { count, starts, others: new Int32Array(rows.length), values: new Float32Array(rows.length) };
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] as number;
    grouped.others[place] = others[row] as number;
    grouped.values[place] = values[row] as number;
  }
  return grouped;
}
