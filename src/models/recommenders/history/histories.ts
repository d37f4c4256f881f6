import { UsageError } from '../../../core/errors.ts';
import { listsByItem, listsByUser, type RatingLists } from '../rating-lists.ts';
import type { TrainingRatings } from '../recommender.ts';

/** Whose ratings form a history: a user's ratings of items, or an item's ratings by users. */
export type HistorySide = 'users' | 'items';

/** The ratings of one user, or of one item. */
export interface History {
  /** The items of a user, or the users of an item. */
  readonly others: Int32Array;
  readonly values: Float32Array;
}

/** The histories of all users, or of all items. */
export class Histories {
  readonly #lists: RatingLists;

  /**
   * @param inTime - whether each is ordered by time, with ties in row order; otherwise in row
   * order.
   * @throws UsageError `ratings` if the ratings have no times.
   */
  constructor(ratings: TrainingRatings, side: HistorySide, inTime: boolean) {
    const ordered = inTime ? byTime(ratings) : ratings;
    this.#lists = side === 'users' ? listsByUser(ordered) : listsByItem(ordered);
  }

  of(owner: number): History {
    const { starts, others, values } = this.#lists;
    const [from, to] = [starts[owner], starts[owner + 1]];
    return { others: others.subarray(from, to), values: values.subarray(from, to) };
  }
}

function byTime(ratings: TrainingRatings): TrainingRatings {
  const { users, items, values, times } = ratings;
  if (times === undefined) {
    throw new UsageError('a recommender that follows the order of ratings needs their times, but they have none', {
      code: 'ratings',
      remedy: 'Give ratings with a column of times (`timestamp`), or choose another recommender.',
    });
  }
  const rows = Int32Array.from(values.keys()).sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  return {
    ...ratings,
    users: rows.map((row) => users[row] as number),
    items: rows.map((row) => items[row] as number),
    values: Float32Array.from(rows, (row) => values[row] as number),
  };
}
