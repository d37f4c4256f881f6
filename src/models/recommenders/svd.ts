import { checkInteger, checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Resolved } from '../../core/given.ts';
import { checkConverged } from './biases.ts';
import { type FactorStep, factorKernel, factorsPerRound } from './factor-kernel.ts';
import { dot } from './item-vectors.ts';
import { vectorOfNewUser } from './new-user-vector.ts';
import { NormalNumbers } from './normal-numbers.ts';
import { rowsByFirstAppearance } from './rating-lists.ts';
import type { ItemFactors, NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkRates, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';
import { type UserPrior, userPrior, varianceWithinUsers } from './user-prior.ts';

/** Options of `SvdRecommender`. */
export interface SvdOptions {
  /** Length of the vectors p_u and q_i; default 100. */
  readonly factors?: number | undefined;
  /** Passes over the ratings; default 20. */
  readonly epochs?: number | undefined;
  /** Default 0.005. */
  readonly learningRate?: number | undefined;
  /** Default 0.02. */
  readonly regularisation?: number | undefined;
  /** Whether mean and biases are part of the recommender; default true. */
  readonly biased?: boolean | undefined;
  /** Standard deviation of the first values of the factors; default 0.1. */
  readonly initialDeviation?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Its name in tables; default `svd`. */
  readonly name?: string | undefined;
}

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly mean: number;
  readonly userBiases: Float64Array;
  readonly itemBiases: Float64Array;
  /**
   * userCount rows p_u, then itemCount rows q_i, each `stride` numbers long: the factors, then
   * zeros.
   */
  readonly factors: Float64Array;
  readonly stride: number;
  readonly knownUsers: Uint8Array;
  readonly knownItems: Uint8Array;
}

/**
 * Matrix factorisation by stochastic gradient descent (Funk 2006; Koren, Bell and Volinsky 2009;
 * eqs. 6 and 8-11 of the thesis): r^ = mean + b_u + b_i + q_i . p_u. Factors start as Normal(0,
 * `initialDeviation`), biases as 0; then, rating by rating (users as they first appear, each user's
 * rows in order), with e = r - r^ and the values before the step on every right side: b_u += rate
 * (e - reg b_u), b_i += rate (e - reg b_i), p_u += rate (e q_i - reg p_u), q_i += rate (e p_u - reg
 * q_i).
 *
 * Unknown users and items have no bias and no product. Without biases r^ = q_i . p_u, and the
 * global mean if either is unknown. Predictions are clipped to the scale, not so during learning.
 * These are the rules of Surprise 1.1; its random numbers are others.
 *
 * @example
 * const svd = new SvdRecommender({ factors: 50, seed: 1 });
 * svd.fit(ratings);
 */
export class SvdRecommender implements Recommender {
  readonly name: string;
  readonly #options: Resolved<Omit<SvdOptions, 'name'>>;
  #fitted: Fitted | undefined;
  #prior: UserPrior | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: SvdOptions = {}) {
    this.name = options.name ?? 'svd';
    this.#options = {
      factors: checkInteger('factors', options.factors ?? 100, 1, 1 << 20),
      epochs: checkInteger('epochs', options.epochs ?? 20, 0),
      learningRate: options.learningRate ?? 0.005,
      regularisation: options.regularisation ?? 0.02,
      biased: options.biased ?? true,
      initialDeviation: checkPositive('initialDeviation', options.initialDeviation ?? 0.1, { zero: true }),
      seed: checkInteger('seed', options.seed ?? 0, 0, 0xffffffff),
    };
    const { learningRate, regularisation } = this.#options;
    checkRates({ learningRate, regularisation });
  }

  /**
   * Learns biases and factors.
   * @throws UsageError when the ratings are not as `TrainingRatings` says, or the factors need more
   * than 2 GiB; `diverged`.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const { factors, biased, initialDeviation, seed, epochs } = this.#options;
    const { userCount, itemCount } = ratings;
    const stride = Math.ceil(factors / factorsPerRound) * factorsPerRound;
    checkBytes(8 * (userCount + itemCount) * stride);
    const { values, step } = factorKernel((userCount + itemCount) * stride);
    const numbers = new NormalNumbers(seed);
    for (let row = 0; row < userCount + itemCount; row++) {
      for (let at = row * stride; at < row * stride + factors; at++) values[at] = initialDeviation * numbers.next();
    }
    const fitted: Fitted = {
      ratings,
      mean: globalMean(ratings.values),
      userBiases: new Float64Array(userCount),
      itemBiases: new Float64Array(itemCount),
      factors: values,
      stride,
      knownUsers: new Uint8Array(userCount),
      knownItems: new Uint8Array(itemCount),
    };
    for (const user of ratings.users) fitted.knownUsers[user] = 1;
    for (const item of ratings.items) fitted.knownItems[item] = 1;
    const rows = rowsByFirstAppearance(ratings);
    for (let epoch = 0; epoch < epochs; epoch++) this.#pass(fitted, rows, step, biased ? fitted.mean : 0);
    checkConverged(this.name, values, fitted.userBiases, fitted.itemBiases);
    this.#fitted = fitted;
    this.#prior = undefined;
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), (this.#fitted as Fitted).ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings, mean, userBiases, itemBiases, factors, stride, knownUsers, knownItems } = this.#fitted;
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const { biased } = this.#options;
    const predictions = new Float32Array(users.length);
    for (let row = 0; row < users.length; row++) {
      const user = users[row] as number;
      const item = items[row] as number;
      const known = knownUsers[user] === 1 && knownItems[item] === 1;
      let prediction = known ? 0 : mean;
      if (biased) prediction = mean + (userBiases[user] as number) + (itemBiases[item] as number);
      if (known) prediction += dot(factors, user * stride, factors, (ratings.userCount + item) * stride, stride);
      predictions[row] = prediction;
    }
    return predictions;
  }

  /**
   * Bias and vector of the user by ridge regression on the vectors of the items, which stay. The
   * ridge is that of a user drawn from the training users (`userPrior`).
   */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings, mean, itemBiases, factors, stride, knownItems } = this.#fitted;
    const { biased } = this.#options;
    const start = (item: number) => (ratings.userCount + item) * stride;
    const base = (item: number) => (biased ? mean + (itemBiases[item] as number) : 0);
    this.#prior ??= userPrior(
      ratings,
      { vectors: factors, biases: this.#fitted.userBiases, length: stride, factors, start },
      varianceWithinUsers(ratings, (row) => base(ratings.items[row] as number)),
    );
    const { bias, vector } = vectorOfNewUser(own, {
      ...{ prior: this.#prior, biased, length: stride, factors, start, base },
      known: knownItems,
    });
    return Float32Array.from(items, (item) => {
      const known = knownItems[item] === 1;
      if (!biased && !known) return mean;
      return base(item) + bias + (known ? dot(vector, 0, factors, start(item), stride) : 0);
    });
  }

  /** The vectors of the items. */
  itemFactors(): ItemFactors {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings, factors, stride } = this.#fitted;
    return { values: factors.subarray(ratings.userCount * stride), dimension: stride };
  }

  /** One pass over all ratings. */
  #pass(fitted: Fitted, rows: Int32Array, step: FactorStep, mean: number): void {
    const { userBiases, itemBiases, stride } = fitted;
    const { users, items, values, userCount } = fitted.ratings;
    const { biased, learningRate, regularisation } = this.#options;
    const kept = 1 - learningRate * regularisation;
    const bytes = 8 * stride;
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place] as number;
      const user = users[row] as number;
      const item = items[row] as number;
      const ofUser = userBiases[user] as number;
      const ofItem = itemBiases[item] as number;
      const target = (values[row] as number) - (mean + ofUser + ofItem);
      const error = step(user * bytes, (userCount + item) * bytes, bytes, target, learningRate, kept);
      if (biased) {
        userBiases[user] = ofUser + learningRate * (error - regularisation * ofUser);
        itemBiases[item] = ofItem + learningRate * (error - regularisation * ofItem);
      }
    }
  }
}

/** The recommender of the thesis called RegSVD: biased, 64 factors unless said otherwise. */
export function regSvd(options: Omit<SvdOptions, 'name' | 'biased'> = {}): SvdRecommender {
  return new SvdRecommender({ ...options, factors: options.factors ?? 64, name: 'regsvd' });
}

const mostBytes = 2 ** 31;

function checkBytes(bytes: number): void {
  if (bytes <= mostBytes) return;
  throw new UsageError(`the factors would need ${bytes} bytes, but at most ${mostBytes} are allowed`, {
    remedy: 'Use fewer factors, or fewer users and items.',
  });
}
