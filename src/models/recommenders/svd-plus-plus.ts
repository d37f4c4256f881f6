import { checkInteger, checkPositive } from '../../core/check.ts';
import type { Resolved } from '../../core/given.ts';
import { checkConverged } from './biases.ts';
import { dot } from './item-vectors.ts';
import { vectorOfNewUser } from './new-user-vector.ts';
import { NormalNumbers } from './normal-numbers.ts';
import { listsByUser, type RatingLists } from './rating-lists.ts';
import type { ItemFactors, NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkRates, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';
import { type UserPrior, userPrior, varianceWithinUsers } from './user-prior.ts';

/** Options of `SvdPlusPlusRecommender`. */
export interface SvdPlusPlusOptions {
  /** Length of the vectors; default 20. */
  readonly factors?: number | undefined;
  /** Passes over the ratings; default 20. */
  readonly epochs?: number | undefined;
  /** Default 0.007. */
  readonly learningRate?: number | undefined;
  /** Default 0.02. */
  readonly regularisation?: number | undefined;
  /** Standard deviation of the initial vectors; default 0.1. */
  readonly initialDeviation?: number | undefined;
  /**
   * Whether users have own vectors p. Without them, as in `asymmetric-svd`, a user is represented
   * by the rated items. Default true.
   */
  readonly userVectors?: boolean | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
}

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly lists: RatingLists;
  readonly mean: number;
  readonly userBiases: Float64Array;
  readonly itemBiases: Float64Array;
  /** p of each user, q of each item, y of each item. */
  readonly p: Float64Array;
  readonly q: Float64Array;
  readonly y: Float64Array;
  readonly knownItems: Uint8Array;
}

/**
 * SVD++ (Koren 2008): r^ = mean + b_u + b_i + q_i . (p_u + |N(u)|^-1/2 sum of y_j over N(u)), N(u)
 * the items that the user has rated, whatever the rating. Stochastic gradient descent user by user
 * as they first appear in the training rows, each rating moving its biases and vectors and every
 * y_j of the user from the old values, as in Surprise 1.1; its random numbers are others. All y_j
 * of a user move alike but for their own shrinking, so a pass costs as much as one of `svd`, not
 * the square of the users' ratings.
 *
 * Unknown users and items have no product. Without `userVectors` it is the asymmetric model of the
 * same article with the implicit half alone: r^ = mean + b_u + b_i + q_i . |N(u)|^-1/2 sum of y_j.
 *
 * @example
 * const svdpp = new SvdPlusPlusRecommender({ factors: 20, seed: 1 });
 * svdpp.fit(ratings);
 */
export class SvdPlusPlusRecommender implements Recommender {
  readonly name: 'svd++' | 'asymmetric-svd';
  readonly #options: Resolved<SvdPlusPlusOptions>;
  #fitted: Fitted | undefined;
  #prior: UserPrior | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: SvdPlusPlusOptions = {}) {
    this.#options = {
      factors: checkInteger('factors', options.factors ?? 20, 1, 1 << 16),
      epochs: checkInteger('epochs', options.epochs ?? 20, 0),
      learningRate: options.learningRate ?? 0.007,
      regularisation: options.regularisation ?? 0.02,
      initialDeviation: checkPositive('initialDeviation', options.initialDeviation ?? 0.1, { zero: true }),
      userVectors: options.userVectors ?? true,
      seed: checkInteger('seed', options.seed ?? 0, 0, 0xffffffff),
    };
    this.name = this.#options.userVectors ? 'svd++' : 'asymmetric-svd';
    const { learningRate, regularisation } = this.#options;
    checkRates({ learningRate, regularisation });
  }

  /** @throws UsageError when the ratings are not as `TrainingRatings` says; `diverged`. */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const { factors, initialDeviation, seed, epochs, userVectors } = this.#options;
    const { userCount, itemCount } = ratings;
    const numbers = new NormalNumbers(seed);
    const drawn = (count: number) =>
      Float64Array.from({ length: count * factors }, () => initialDeviation * numbers.next());
    const fitted: Fitted = {
      ratings,
      lists: listsByUser(ratings),
      mean: globalMean(ratings.values),
      userBiases: new Float64Array(userCount),
      itemBiases: new Float64Array(itemCount),
      p: userVectors ? drawn(userCount) : new Float64Array(userCount * factors),
      ...{ q: drawn(itemCount), y: drawn(itemCount) },
      knownItems: new Uint8Array(itemCount),
    };
    for (const item of ratings.items) fitted.knownItems[item] = 1;
    const users = [...new Set(ratings.users)];
    for (let epoch = 0; epoch < epochs; epoch++) for (const user of users) this.#pass(fitted, user);
    checkConverged(this.name, fitted.p, fitted.q, fitted.y, fitted.userBiases, fitted.itemBiases);
    this.#fitted = fitted;
    this.#prior = undefined;
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#known().ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    const { ratings, lists, mean, userBiases, itemBiases, p, q, y, knownItems } = this.#known();
    const { factors } = this.#options;
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const vectors = new Map<number, Float64Array>();
    return Float32Array.from(users, (user, row) => {
      const item = items[row] as number;
      const [from, to] = [lists.starts[user] as number, lists.starts[user + 1] as number];
      const biases = mean + (userBiases[user] as number) + (itemBiases[item] as number);
      if (from === to || knownItems[item] !== 1) return biases;
      let vector = vectors.get(user);
      if (vector === undefined) {
        vector = implicit(y, factors, lists.others.subarray(from, to));
        for (let at = 0; at < factors; at++) vector[at] = (vector[at] as number) + (p[user * factors + at] as number);
        vectors.set(user, vector);
      }
      return biases + dot(vector, 0, q, item * factors, factors);
    });
  }

  /**
   * Bias, and p if users have one, by ridge regression as for `svd`; the vectors of the items stay.
   */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    const fitted = this.#known();
    const { mean, itemBiases, q, y, knownItems } = fitted;
    const { factors, userVectors } = this.#options;
    const known = own.items.filter((item) => knownItems[item] === 1);
    const z = known.length === 0 ? new Float64Array(factors) : implicit(y, factors, known);
    const start = (item: number) => item * factors;
    const base = (item: number) =>
      mean + (itemBiases[item] as number) + (knownItems[item] === 1 ? dot(z, 0, q, start(item), factors) : 0);
    const length = userVectors ? factors : 0;
    this.#prior ??= this.#priorOf(fitted, length);
    const fixed = { prior: this.#prior, biased: true, length, factors: q, start, base, known: knownItems };
    const { bias, vector } = vectorOfNewUser(own, fixed);
    return Float32Array.from(
      items,
      (item) => base(item) + bias + (knownItems[item] === 1 ? dot(vector, 0, q, start(item), length) : 0),
    );
  }

  /** The vectors q of the items. */
  itemFactors(): ItemFactors {
    return { values: this.#known().q, dimension: this.#options.factors };
  }

  #priorOf({ ratings, p, q, userBiases }: Fitted, length: number): UserPrior {
    const { users, items } = ratings;
    const scores = this.score(users, items);
    const noise = varianceWithinUsers(ratings, (row) => {
      const [user, item] = [users[row] as number, items[row] as number];
      const own = (userBiases[user] as number) + dot(p, user * length, q, item * length, length);
      return (scores[row] as number) - own;
    });
    const start = (item: number) => item * this.#options.factors;
    return userPrior(ratings, { vectors: p, biases: userBiases, length, factors: q, start }, noise);
  }

  /** One pass over the ratings of a user. */
  #pass({ lists, mean, userBiases, itemBiases, p, q, y }: Fitted, user: number): void {
    const { factors, learningRate: rate, regularisation, userVectors } = this.#options;
    const [from, to] = [lists.starts[user] as number, lists.starts[user + 1] as number];
    const items = lists.others.subarray(from, to);
    const root = Math.sqrt(items.length);
    const kept = 1 - rate * regularisation;
    const z = implicit(y, factors, items);
    // What every y_j has gained in this pass.
    const gained = new Float64Array(factors);
    const own = user * factors;
    for (let place = 0; place < items.length; place++) {
      const item = items[place] as number;
      const other = item * factors;
      let estimate = mean + (userBiases[user] as number) + (itemBiases[item] as number);
      for (let at = 0; at < factors; at++)
        estimate += (q[other + at] as number) * ((p[own + at] as number) + (z[at] as number));
      const error = (lists.values[from + place] as number) - estimate;
      userBiases[user] = kept * (userBiases[user] as number) + rate * error;
      itemBiases[item] = kept * (itemBiases[item] as number) + rate * error;
      for (let at = 0; at < factors; at++) {
        const [ofUser, ofItem, ofBoth] = [p[own + at] as number, q[other + at] as number, z[at] as number];
        if (userVectors) p[own + at] = kept * ofUser + rate * error * ofItem;
        q[other + at] = kept * ofItem + rate * error * (ofUser + ofBoth);
        z[at] = kept * ofBoth + rate * error * ofItem;
        gained[at] = kept * (gained[at] as number) + (rate * error * ofItem) / root;
      }
    }
    const shrunk = kept ** items.length;
    for (const item of items) {
      for (let at = 0; at < factors; at++) {
        y[item * factors + at] = shrunk * (y[item * factors + at] as number) + (gained[at] as number);
      }
    }
  }

  #known(): Fitted {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}

/** |N|^-1/2 sum of y_j over the items N. */
function implicit(y: Float64Array, factors: number, items: Int32Array): Float64Array {
  const sum = new Float64Array(factors);
  const root = Math.sqrt(items.length);
  for (const item of items) {
    for (let at = 0; at < factors; at++) sum[at] = (sum[at] as number) + (y[item * factors + at] as number) / root;
  }
  return sum;
}
