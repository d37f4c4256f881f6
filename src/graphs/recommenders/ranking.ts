import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { identifierRanks, plainId } from '../../io/ratings/identifiers.ts';
import { groupRows } from '../../models/group-rows.ts';
import { Nearest } from '../../models/recommenders/nearest-neighbours.ts';
import { contentOf } from './recommender-names.ts';
import type { SavedRecommender } from './saved-recommender.ts';

const rankings = new WeakMap<SavedRecommender, Ranking>();

/** The ranking of a saved recommender, created once. */
export function rankingOf(saved: SavedRecommender): Ranking {
  const known = rankings.get(saved);
  if (known !== undefined) return known;
  const ranking = new Ranking(saved);
  rankings.set(saved, ranking);
  return ranking;
}

/** What a saved recommender may recommend, and how ties are ordered. */
export class Ranking {
  readonly #saved: SavedRecommender;
  /** Number of training ratings of each item. */
  readonly counts: Int32Array;
  /** How many items have any. */
  readonly rated: number;
  readonly #ranks: Int32Array;
  readonly #byUser: ReturnType<typeof groupRows>;
  readonly #byItem: ReturnType<typeof groupRows>;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #users: ReadonlyMap<string, number>;

  constructor(saved: SavedRecommender) {
    this.#saved = saved;
    const { catalogue, ratings, userIds } = saved;
    this.counts = new Int32Array(catalogue.length);
    for (const item of ratings.items) this.counts[item] = (this.counts[item] as number) + 1;
    this.rated = this.counts.reduce((sum, count) => sum + Number(count > 0), 0);
    this.#ranks = identifierRanks(catalogue.map(({ id }) => id));
    this.#byUser = groupRows(ratings.users, userIds.length);
    this.#byItem = groupRows(ratings.items, catalogue.length);
    this.#numbers = new Map(catalogue.map(({ id }, number) => [id, number]));
    this.#users = new Map(userIds.map((id, number) => [id, number]));
  }

  /** The number of a user. */
  userNumberOf(id: string): number | undefined {
    return this.#users.get(plainId(id));
  }

  /** The number of an item; undefined if it is unknown. */
  numberOf(id: string): number | undefined {
    return this.#numbers.get(plainId(id));
  }

  /** The users who have rated an item. */
  usersOf(item: number): number[] {
    const { rows, starts } = this.#byItem;
    return Array.from(rows.subarray(starts[item], starts[item + 1]), (row) => this.#saved.ratings.users[row] as number);
  }

  /** The user's ratings by item, validation ratings included. */
  ratingsOf(user: number): Map<number, number> {
    const { items, values } = this.#saved.ratings;
    const { rows, starts } = this.#byUser;
    const own = rows.subarray(starts[user], starts[user + 1]);
    return new Map(Array.from(own, (row) => [items[row] as number, values[row] as number]));
  }

  /**
   * Items that may be recommended to a user who has rated `own`.
   *
   * @param minRatings leaves out items with fewer training ratings.
   * @throws UsageError `no-content` for `coldOnly` with a recommender that knows no content.
   */
  candidates(
    own: ReadonlyMap<number, number>,
    { coldOnly = false, minRatings = 0 }: { coldOnly?: boolean | undefined; minRatings?: number | undefined },
  ): Int32Array {
    checkInteger('minRatings', minRatings, 0);
    if (coldOnly && minRatings > 0) {
      throw new UsageError('`minRatings` and `coldOnly` exclude each other: items without ratings have none', {
        option: 'minRatings',
      });
    }
    const { facts, catalogue } = this.#saved;
    const content = contentOf(facts.recommender, facts.options);
    if (coldOnly && content === undefined) {
      throw new UsageError(`recommender ${facts.recommender} cannot judge items without ratings`, {
        code: 'no-content',
        option: 'coldOnly',
        remedy:
          'Train a recommender that reads features (dcf-av-1, content-knn, ...), or genre-content, for `coldOnly`.',
      });
    }
    const found = new Int32Array(catalogue.length);
    let count = 0;
    for (let item = 0; item < found.length; item++) {
      const isCold = this.counts[item] === 0;
      if ((this.counts[item] as number) < minRatings) continue;
      if ((coldOnly ? isCold : !isCold || content !== undefined) && !own.has(item)) found[count++] = item;
    }
    return found.slice(0, count);
  }

  /** Places of the k best of `items`: by score, then number of ratings, then ascending id. */
  best(items: Int32Array, scores: ArrayLike<number>, k: number): number[] {
    const { counts } = this;
    const ranks = this.#ranks;
    const nearest = new Nearest(Math.min(k, items.length));
    for (let place = 0; place < items.length; place++) nearest.offer(place, scores[place] as number);
    // Includes all items that are as good as the worst of the k best, so that ties can be broken.
    const worst = nearest.places.reduce(
      (least, place) => Math.min(least, scores[place] as number),
      Number.POSITIVE_INFINITY,
    );
    const good: number[] = [];
    for (let place = 0; place < items.length; place++) if (!((scores[place] as number) < worst)) good.push(place);
    return good
      .sort((a, b) => {
        const [one, other] = [items[a] as number, items[b] as number];
        return (
          (scores[b] as number) - (scores[a] as number) ||
          (counts[other] as number) - (counts[one] as number) ||
          (ranks[one] as number) - (ranks[other] as number)
        );
      })
      .slice(0, k);
  }
}

/** The number of an item. @throws UsageError `unknown-item`. */
export function itemNumber(saved: SavedRecommender, id: string): number {
  const item = rankingOf(saved).numberOf(id);
  if (item !== undefined) return item;
  const { catalogue, facts } = saved;
  const some = catalogue.slice(0, 3).map((known) => `'${known.id}'`);
  throw new UsageError(`recommender ${facts.recommender} does not know the item '${id}'`, {
    code: 'unknown-item',
    remedy: `It knows ${catalogue.length} items, such as ${some.join(', ')}: those with training ratings and, if it reads content, those with features or genres.`,
  });
}

/** Id and title of an item. */
export function named({ catalogue }: SavedRecommender, item: number): { itemId: string; title?: string | undefined } {
  const { id, title } = catalogue[item] as SavedRecommender['catalogue'][number];
  return { itemId: id, title };
}
