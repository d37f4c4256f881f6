import { checkInteger, checkPositive } from '../../core/check.ts';
import { groupRows } from '../group-rows.ts';
import { checkVectorCount, checkVectors, dot, type ItemVectors, unitVectors } from './item-vectors.ts';
import { Nearest } from './nearest-neighbours.ts';
import { listsByUser, type RatingLists } from './rating-lists.ts';
import { type Reasons, reasonsOf, type UsedRating } from './reasons.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';
import { dampedMean, dampedMeans } from './user-mean.ts';

/** Options of `ContentKnnRecommender`. */
export interface ContentKnnOptions extends ItemVectors {
  /** Maximum number of rated items that a prediction is based on; default 20. */
  readonly neighbours?: number | undefined;
  /** Added to the sum of cosines, so that few or distant neighbours count little; default 1. */
  readonly damping?: number | undefined;
  /** Weight of the overall mean in a user's mean, in ratings; default 5. */
  readonly userDamping?: number | undefined;
}

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly lists: RatingLists;
  readonly mean: number;
  readonly means: Float64Array;
}

/**
 * Predicts from the user's ratings of the most similar items, by fixed vectors of the items such as
 * their features: b_u + sum c (r - b_u) / (sum c + damping) over the `neighbours` items of largest
 * positive cosine c, b_u the damped mean of the user. Nothing is trained, and an unrated item needs
 * only its vector: the baseline for trained models of content. Of equal cosines, those whose
 * training rows come first count.
 *
 * @example
 * const vectors = new Float32Array(ratings.itemCount * 40);
 * const knn = new ContentKnnRecommender({ vectors, dimension: 40, neighbours: 20 });
 * knn.fit(ratings);
 */
export class ContentKnnRecommender implements Recommender {
  readonly name = 'content-knn';
  readonly #units: Float32Array;
  readonly #dimension: number;
  readonly #neighbours: number;
  readonly #damping: number;
  readonly #userDamping: number;
  #fitted: Fitted | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: ContentKnnOptions) {
    checkVectors(options);
    this.#units = unitVectors(options);
    this.#dimension = options.dimension;
    this.#neighbours = checkInteger('neighbours', options.neighbours ?? 20);
    this.#damping = checkPositive('damping', options.damping ?? 1, { zero: true });
    this.#userDamping = checkPositive('userDamping', options.userDamping ?? 5, { zero: true });
  }

  /**
   * @throws UsageError when the ratings are not as `TrainingRatings` says, or vectors are missing.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    checkVectorCount({ vectors: this.#units, dimension: this.#dimension }, ratings.itemCount);
    const means = dampedMeans(ratings, this.#userDamping);
    this.#fitted = { ratings, lists: listsByUser(ratings), mean: globalMean(ratings.values), means };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#known().ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    const { ratings, means } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const scores = new Float32Array(users.length);
    const asked = groupRows(users, ratings.userCount);
    for (let user = 0; user < ratings.userCount; user++) {
      const rows = asked.rows.subarray(asked.starts[user], asked.starts[user + 1]);
      if (rows.length === 0) continue;
      const found = this.#fromNearest(
        this.#ownOf(user),
        means[user] as number,
        Int32Array.from(rows, (row) => items[row] as number),
      );
      for (const [place, row] of rows.entries()) scores[row] = found[place] as number;
    }
    return scores;
  }

  /** From the user's own ratings alone, as in training. */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    return this.#fromNearest(own, this.#meanOf(own), items);
  }

  /** The rated items of each prediction, with their cosines. @throws as `predict`. */
  reasons(users: Int32Array, items: Int32Array): Reasons[] {
    const { ratings, means } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return Array.from(users, (user, row) =>
      this.#reasons(this.#ownOf(user), means[user] as number, user, items[row] as number),
    );
  }

  /** The same of `scoreNewUser`. */
  reasonsForNewUser(own: NewUserRatings, items: Int32Array): Reasons[] {
    const { ratings } = this.#known();
    return Array.from(items, (item) => this.#reasons(own, this.#meanOf(own), ratings.userCount, item));
  }

  #reasons(own: NewUserRatings, mean: number, user: number, item: number): Reasons {
    const used: Omit<UsedRating, 'contribution'>[] = [];
    this.#fromNearest(own, mean, Int32Array.of(item), (place, weight) => {
      used.push({ user, item: own.items[place] as number, rating: own.values[place] as number, weight });
    });
    const weights = used.reduce((sum, { weight }) => sum + weight, this.#damping);
    const ratings = used.map((each) => ({ ...each, contribution: (each.weight * (each.rating - mean)) / weights }));
    return reasonsOf(mean, ratings);
  }

  #meanOf(own: NewUserRatings): number {
    return dampedMean(own.values, this.#known().mean, this.#userDamping);
  }

  #ownOf(user: number): NewUserRatings {
    const { lists } = this.#known();
    const [from, to] = [lists.starts[user], lists.starts[user + 1]];
    return { items: lists.others.subarray(from, to), values: lists.values.subarray(from, to) };
  }

  /** @param visit is called with each neighbour of each item. */
  #fromNearest(
    own: NewUserRatings,
    mean: number,
    items: Int32Array,
    visit?: (place: number, cosine: number) => void,
  ): Float32Array {
    const size = this.#dimension;
    const nearest = new Nearest(Math.min(this.#neighbours, own.items.length));
    const cosines = new Float64Array(own.items.length);
    return Float32Array.from(items, (item) => {
      nearest.clear();
      for (let place = 0; place < cosines.length; place++) {
        const cosine = dot(this.#units, item * size, this.#units, (own.items[place] as number) * size, size);
        cosines[place] = cosine;
        if (cosine > 0) nearest.offer(place, cosine);
      }
      let [weights, sum] = [this.#damping, 0];
      for (let rank = 0; rank < nearest.size; rank++) {
        const place = nearest.places[rank] as number;
        const cosine = cosines[place] as number;
        weights += cosine;
        sum += cosine * ((own.values[place] as number) - mean);
        visit?.(place, cosine);
      }
      return nearest.size === 0 ? mean : mean + sum / weights;
    });
  }

  #known(): Fitted {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}
