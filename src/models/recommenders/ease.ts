import { checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { likedAboveOf } from '../../core/rating-scale.ts';
import { checkVectorCount, checkVectors, dot, type ItemVectors } from './item-vectors.ts';
import { invertPositive } from './positive-definite.ts';
import { listsByUser } from './rating-lists.ts';
import { type Reasons, reasonsOf, type UsedRating } from './reasons.ts';
import type { AskedOfNewUser, NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, notFitted } from './recommender.ts';
import { checkSteps, type PairWork, stepsText } from './work.ts';

/** Options of `EaseRecommender`. */
export interface EaseOptions {
  /** lambda, added to the diagonal of the Gram matrix; default 250. */
  readonly regularisation?: number | undefined;
  /**
   * Items rated above this are liked; other ratings do not count. Default: two thirds up the scale,
   * so that 4 and more count on a scale from 0.5 or 1 to 5. 0: every rating counts.
   */
  readonly likedAbove?: number | undefined;
  /** What the items are like: `ease-content`. Without it an item that nobody likes has no score. */
  readonly content?: ItemVectors | undefined;
  /** How many ratings agreement in content counts as (alpha^2); default 100. */
  readonly contentWeight?: number | undefined;
  /** Limit in bytes of the matrix; default 2 GiB. */
  readonly memory?: number | undefined;
  /**
   * Limit of the multiplications of the inverse, n^3 / 2 for n items, and of the additions of
   * predictions; default 10^12 each.
   */
  readonly mostSteps?: number | undefined;
  /** Called with what is about to be computed, then with its progress. May throw to stop. */
  readonly onMessage?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Fitted {
  readonly ratings: TrainingRatings;
  /** B, float64[places x places]. */
  readonly weights: Float64Array;
  readonly size: number;
  /** The place of each item in B, -1 for one that has none. */
  readonly places: Int32Array;
  /** Places of the items that each user likes. */
  readonly liked: readonly Int32Array[];
}

/**
 * EASE (Steck 2019): x_u B, where x_u says which items the user likes and B is the linear model
 * without a diagonal that predicts them from each other with the least squared error: of G = X'X +
 * lambda I and P its inverse, B_ij = -P_ij / P_jj. With `content` the columns of X are continued by
 * the vectors of the items, times alpha (Jeunen et al. 2020): G gains alpha^2 times the products of
 * the vectors, and an item that nobody likes is scored by the liked items that are like it. Scores
 * rank; they are not ratings.
 *
 * Holds one float64 for each pair of items and makes about n^3 / 2 multiplications: both are
 * announced before, and too much memory is refused.
 *
 * @example
 * const ease = new EaseRecommender({ regularisation: 500 });
 * await ease.fit(ratings);
 */
export class EaseRecommender implements Recommender {
  readonly name: 'ease' | 'ease-content';
  readonly predicts = 'scores';
  readonly #options: EaseOptions;
  #fitted: Fitted | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: EaseOptions = {}) {
    const { regularisation = 1, contentWeight = 1, memory = 1 } = options;
    checkPositive('regularisation', regularisation);
    checkPositive('contentWeight', contentWeight);
    checkPositive('memory', memory);
    if (options.mostSteps !== undefined) checkPositive('mostSteps', options.mostSteps);
    if (options.content) checkVectors(options.content);
    this.name = options.content ? 'ease-content' : 'ease';
    this.#options = options;
  }

  /**
   * @throws UsageError when the ratings are not as `TrainingRatings` says, nothing is liked, or the
   * matrix needs more than `memory` (`memory-too-small`) or more than `mostSteps`
   * (`too-many-steps`); the reason of `signal`.
   */
  async fit(ratings: TrainingRatings): Promise<void> {
    checkTrainingRatings(ratings);
    const { content, likedAbove = likedAboveOf(ratings.scale), regularisation = 250 } = this.#options;
    if (content) checkVectorCount(content, ratings.itemCount);
    const { liked: likedItems, places, size } = likedBy(ratings, likedAbove, content);
    if (likedItems.every((items) => items.length === 0)) {
      throw new UsageError(`no training rating is above ${likedAbove}: ${this.name} has nothing that users like`, {
        code: 'ratings',
        remedy: 'Lower `likedAbove`.',
      });
    }
    this.#checkMemory(size);
    this.#options.signal?.throwIfAborted();
    const gram = new Float64Array(size * size);
    for (const items of likedItems) countPairs(gram, size, items);
    if (content) addContent(gram, size, places, content, this.#options.contentWeight ?? 100);
    for (let place = 0; place < size; place++)
      gram[place * size + place] = (gram[place * size + place] as number) + regularisation;
    await invertPositive(gram, size, this.#progress(size));
    toWeights(gram, size);
    this.#fitted = { ratings, weights: gram, size, places, liked: likedItems };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    const { ratings, liked } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return Float32Array.from(users, (user, row) => this.#score(liked[user] as Int32Array, items[row] as number));
  }

  /**
   * A step is one liked item of the user, for each pair.
   *
   * @throws UsageError before `fit`; `too-many-steps`.
   */
  workOf(users: Int32Array, _items: Int32Array, times = 1): PairWork {
    const { ratings, liked } = this.#known();
    const steps = new Float64Array(ratings.userCount);
    let total = 0;
    for (const user of users) {
      const own = (liked[user] as Int32Array).length;
      steps[user] = (steps[user] as number) + own;
      total += own;
    }
    checkSteps(`predicting by ${this.name}`, total * times, this.#options.mostSteps);
    return { by: 'pair', steps };
  }

  /** Assumes that the users like everything they rated. @throws UsageError `too-many-steps`. */
  checkNewUsers(asked: readonly AskedOfNewUser[]): void {
    const steps = asked.reduce((sum, { own, items }) => sum + own.items.length * items.length, 0);
    checkSteps(`predicting ${asked.length} new users by ${this.name}`, steps, this.#options.mostSteps);
  }

  /** From what the user likes, as in training. */
  scoreNewUser({ items: rated, values }: NewUserRatings, items: Int32Array): Float32Array {
    const { ratings, places } = this.#known();
    const { likedAbove = likedAboveOf(ratings.scale) } = this.#options;
    const liked = rated.filter((item, row) => (values[row] as number) > likedAbove && (places[item] as number) >= 0);
    const own = liked.map((item) => places[item] as number);
    return Float32Array.from(items, (item) => this.#score(own, item));
  }

  /** What each liked item of the user adds. @throws as `predict`. */
  reasons(users: Int32Array, items: Int32Array): Reasons[] {
    const { ratings } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const lists = listsByUser(ratings);
    return Array.from(users, (user, row) => {
      const [from, to] = [lists.starts[user], lists.starts[user + 1]];
      const own = { items: lists.others.subarray(from, to), values: lists.values.subarray(from, to) };
      return this.#reasons(own, user, items[row] as number);
    });
  }

  /** The same of `scoreNewUser`. */
  reasonsForNewUser(own: NewUserRatings, items: Int32Array): Reasons[] {
    const { userCount } = this.#known().ratings;
    return Array.from(items, (item) => this.#reasons(own, userCount, item));
  }

  #reasons(own: NewUserRatings, user: number, item: number): Reasons {
    const { likedAbove = likedAboveOf(this.#known().ratings.scale) } = this.#options;
    const used = Array.from(own.items, (other, row): UsedRating => {
      const weight = this.weight(other, item);
      return { user, item: other, rating: own.values[row] as number, weight, contribution: weight };
    });
    return reasonsOf(
      0,
      used.filter(({ rating, weight }) => rating > likedAbove && weight !== 0),
    );
  }

  /**
   * B_ij of two items: what liking the first says about the second; 0 for an item without a place.
   */
  weight(from: number, to: number): number {
    const { weights, size, places } = this.#known();
    const [row, column] = [places[from] as number, places[to] as number];
    return row < 0 || column < 0 ? 0 : (weights[row * size + column] as number);
  }

  /** The column of B at the item, over what the user likes. */
  #score(liked: Int32Array, item: number): number {
    const { weights, size, places } = this.#known();
    const column = places[item] as number;
    if (column < 0) return 0;
    let sum = 0;
    for (let at = 0; at < liked.length; at++) sum += weights[(liked[at] as number) * size + column] as number;
    return sum;
  }

  #checkMemory(size: number): void {
    const { memory = mostBytes, mostSteps, onMessage } = this.#options;
    const bytes = 8 * size ** 2;
    if (bytes > memory) {
      throw new UsageError(
        `${this.name} needs ${mebibytes(bytes)} for one number of each pair of ${size} items, more than ${mebibytes(memory)}`,
        {
          code: 'memory-too-small',
          option: 'memory',
          remedy: `Give \`memory: '${mebibytes(bytes).replace(' ', '')}'\` to the recommender, or leave out items with few ratings.`,
        },
      );
    }
    checkSteps(`inverting the matrix of ${size} x ${size} items for ${this.name}`, size ** 3 / 2, mostSteps);
    if (bytes >= worthSaying) {
      onMessage?.(`${this.name}: ${mebibytes(bytes)} for ${size} x ${size} items, ${stepsText(size ** 3 / 2)}`);
    }
  }

  #progress(size: number): (done: number) => void {
    const { signal } = this.#options;
    const onMessage = 8 * size ** 2 < worthSaying ? undefined : this.#options.onMessage;
    let next = 0.25;
    return (done) => {
      signal?.throwIfAborted();
      if (done < next || done >= 1) return;
      onMessage?.(`${this.name}: ${Math.floor(done * 100)} % of the matrix`);
      next += 0.25;
    };
  }

  #known(): Fitted {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}

const mostBytes = 2 ** 31;
/** A matrix of 4,096 items takes half a minute or more. */
const worthSaying = 2 ** 27;

/** Bytes in readable form, rounded up. */
function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

/**
 * What each user likes, by places in the matrix, which has the items that somebody likes or that
 * have content.
 */
function likedBy(ratings: TrainingRatings, above: number, content: ItemVectors | undefined) {
  const lists = listsByUser(ratings);
  const has = new Uint8Array(ratings.itemCount);
  for (const [row, item] of ratings.items.entries()) if ((ratings.values[row] as number) > above) has[item] = 1;
  if (content) {
    for (const [at, value] of content.vectors.entries()) if (value !== 0) has[Math.floor(at / content.dimension)] = 1;
  }
  let size = 0;
  const places = Int32Array.from(has, (flag) => (flag === 1 ? size++ : -1));
  const liked = Array.from({ length: ratings.userCount }, (_, user) => {
    const [from, to] = [lists.starts[user] as number, lists.starts[user + 1] as number];
    const values = lists.values.subarray(from, to);
    return lists.others
      .slice(from, to)
      .filter((_item, row) => (values[row] as number) > above)
      .map((item) => places[item] as number);
  });
  return { liked, places, size };
}

function countPairs(gram: Float64Array, size: number, items: Int32Array): void {
  for (const one of items) {
    for (const other of items) gram[one * size + other] = (gram[one * size + other] as number) + 1;
  }
}

function addContent(gram: Float64Array, size: number, places: Int32Array, content: ItemVectors, weight: number): void {
  const { vectors, dimension } = content;
  const items = Int32Array.from(places.keys()).filter((item) => (places[item] as number) >= 0);
  for (const [row, one] of items.entries()) {
    for (let column = 0; column <= row; column++) {
      const like = weight * dot(vectors, one * dimension, vectors, (items[column] as number) * dimension, dimension);
      gram[row * size + column] = (gram[row * size + column] as number) + like;
      if (column < row) gram[column * size + row] = (gram[column * size + row] as number) + like;
    }
  }
}

/** P becomes B: each column divided by its negated diagonal, the diagonal 0. */
function toWeights(p: Float64Array, size: number): void {
  const diagonal = Float64Array.from({ length: size }, (_, at) => p[at * size + at] as number);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = row * size + column;
      p[at] = row === column ? 0 : -(p[at] as number) / (diagonal[column] as number);
    }
  }
}
