import { type MetricValues, metrics, metricValues } from './metrics.ts';
import type { RankedList } from './ranked-list.ts';

/** Properties of all users' recommended lists: `coverage`, `diversity` and `personalisation`. */
export type ListMetrics = MetricValues<'lists'>;

/** What list metrics are computed from. */
export interface ListFacts {
  /** Number of distinct items recommended to anyone. */
  readonly distinct: number;
  /** Number of distinct items that could have been recommended. */
  readonly available: number;
  /**
   * Mean over users of the mean pairwise 1 - cosine of genre one-hots within a list; NaN without
   * genres.
   */
  readonly diversity: number;
  /** Mean over pairs of users of 1 - cosine of their lists as binary vectors. */
  readonly personalisation: number;
}

/** Unit genre vectors of all items, float64[items x genreCount] (see `genreVectors`). */
export interface ItemGenres {
  readonly genreCount: number;
  readonly vectors: Float64Array;
}

/**
 * Gathers the recommended lists of all users, cut at `depth`, one user at a time. Memory does not
 * grow with the users: 9 bytes per item.
 *
 * Neither measure iterates over pairs. For unit vectors the cosines of all pairs in a list add up
 * to (|sum of vectors|^2 - vectors) / 2. The binary vector of a list of n items has length sqrt(n),
 * so with w_u = 1 / sqrt(n_u) the cosines of all pairs of users add up to (sum over items of (sum
 * of w_u of those it is recommended to)^2 - users with a list) / 2.
 */
export class ListCollector {
  readonly #depth: number;
  readonly #genres: ItemGenres | undefined;
  readonly #seen: Uint8Array;
  readonly #weights: Float64Array;
  readonly #genreSum: Float64Array;
  #distinct = 0;
  #users = 0;
  #usersWithList = 0;
  #diversities = 0;
  #usersWithPairs = 0;

  /** @param depth - Infinity for whole lists */
  constructor(depth: number, itemCount: number, genres?: ItemGenres) {
    this.#depth = depth;
    this.#genres = genres;
    this.#seen = new Uint8Array(itemCount);
    this.#weights = new Float64Array(itemCount);
    this.#genreSum = new Float64Array(genres?.genreCount ?? 0);
  }

  /** Adds a user's list, empty or not. */
  add(list: RankedList): void {
    this.#users++;
    const length = Math.min(this.#depth, list.recommendedCount);
    if (length === 0) return;
    this.#usersWithList++;
    const weight = 1 / Math.sqrt(length);
    for (let rank = 0; rank < length; rank++) {
      const item = list.items[rank] as number;
      this.#weights[item] = (this.#weights[item] as number) + weight;
      if (this.#seen[item] === 0) {
        this.#seen[item] = 1;
        this.#distinct++;
      }
    }
    if (length < 2) return;
    this.#usersWithPairs++;
    if (this.#genres !== undefined) this.#diversities += this.#diversity(list.items, length, this.#genres);
  }

  /**
   * @param available - number of distinct items that could have been recommended
   * @param onlyDefined - leave lists of fewer than two items out of the diversity, instead of
   * counting them as 0
   */
  result(available: number, onlyDefined: boolean): ListMetrics {
    const lists = onlyDefined ? this.#usersWithPairs : this.#users;
    const facts: ListFacts = {
      distinct: this.#distinct,
      available,
      diversity: this.#genres === undefined ? Number.NaN : this.#diversities / lists,
      personalisation: this.#personalisation(),
    };
    return metricValues('lists', (name) => metrics[name].of(facts));
  }

  #diversity(items: Int32Array, length: number, { genreCount, vectors }: ItemGenres): number {
    const sum = this.#genreSum.fill(0);
    let nonZero = 0;
    for (let rank = 0; rank < length; rank++) {
      const at = (items[rank] as number) * genreCount;
      let any = 0;
      for (let genre = 0; genre < genreCount; genre++) {
        const share = vectors[at + genre] as number;
        sum[genre] = (sum[genre] as number) + share;
        any += share;
      }
      if (any > 0) nonZero++;
    }
    const cosines = (squaredLength(sum) - nonZero) / 2;
    const pairs = (length * (length - 1)) / 2;
    return unit(1 - cosines / pairs);
  }

  /** Two empty lists count as 0, an empty and a non-empty one as 1. Fewer than two users: 0. */
  #personalisation(): number {
    const pairs = pairsOf(this.#users);
    if (pairs === 0) return 0;
    const cosines = (squaredLength(this.#weights) - this.#usersWithList) / 2;
    return unit((pairs - pairsOf(this.#users - this.#usersWithList) - cosines) / pairs);
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

function squaredLength(vector: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < vector.length; index++) sum += (vector[index] as number) ** 2;
  return sum;
}

/** Clamps what rounding left beyond 0 or 1. */
function unit(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
