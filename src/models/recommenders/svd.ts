import { checkInteger, checkPositive } from '../../check.ts';
import { NormalNumbers } from './normal-numbers.ts';
import { rowsByFirstAppearance } from './rating-lists.ts';
import type { RatingScale, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkRates, checkTrainingRatings, clip, globalMean, notFitted } from './recommender.ts';

/** Options of `SvdRecommender`. */
export interface SvdOptions {
  /** Length of the vectors p_u and q_i; default 100. */
  readonly factors?: number;
  /** Passes over the ratings; default 20. */
  readonly epochs?: number;
  /** Default 0.005. */
  readonly learningRate?: number;
  /** Default 0.02. */
  readonly regularisation?: number;
  /** Whether mean and biases are part of the model; default true. */
  readonly biased?: boolean;
  /** Standard deviation of the first values of the factors; default 0.1. */
  readonly initialDeviation?: number;
  /** Default 0. */
  readonly seed?: number;
  /** How tables call it; default `svd`. */
  readonly name?: string;
}

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly mean: number;
  readonly userBiases: Float64Array;
  readonly itemBiases: Float64Array;
  /** userCount x factors and itemCount x factors, row-major. */
  readonly userFactors: Float64Array;
  readonly itemFactors: Float64Array;
  readonly knownUsers: Uint8Array;
  readonly knownItems: Uint8Array;
}

/**
 * Matrix factorisation by stochastic gradient descent (Funk 2006; Koren, Bell and Volinsky 2009; eqs. 6 and 8-11 of the thesis):
 * r^ = mean + b_u + b_i + q_i . p_u. Factors start as Normal(0, `initialDeviation`), biases as 0; then, rating by rating (users as they first appear,
 * each user's rows in order), with e = r - r^ and the values before the step on every right side:
 * b_u += rate (e - reg b_u), b_i += rate (e - reg b_i), p_u += rate (e q_i - reg p_u), q_i += rate (e p_u - reg q_i).
 *
 * Unknown users and items have no bias and no product. Without biases r^ = q_i . p_u, and the global mean if either is unknown.
 * Predictions are clipped to the scale, not so during learning. These are the rules of Surprise 1.1; its random numbers are others.
 *
 * @example
 * const svd = new SvdRecommender({ factors: 50, seed: 1 });
 * svd.fit(ratings);
 */
export class SvdRecommender implements Recommender {
  readonly name: string;
  readonly #options: Required<Omit<SvdOptions, 'name'>>;
  #fitted: Fitted | undefined;

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

  /** Learns biases and factors. @throws UsageError when the ratings are not as `TrainingRatings` says. */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const { factors, biased, initialDeviation, seed } = this.#options;
    const { userCount, itemCount } = ratings;
    const numbers = new NormalNumbers(seed);
    const fitted: Fitted = {
      ratings,
      mean: globalMean(ratings.values),
      userBiases: new Float64Array(userCount),
      itemBiases: new Float64Array(itemCount),
      userFactors: numbers.array(userCount * factors, initialDeviation),
      itemFactors: numbers.array(itemCount * factors, initialDeviation),
      knownUsers: new Uint8Array(userCount),
      knownItems: new Uint8Array(itemCount),
    };
    for (const user of ratings.users) fitted.knownUsers[user] = 1;
    for (const item of ratings.items) fitted.knownItems[item] = 1;
    const rows = rowsByFirstAppearance(ratings);
    for (let epoch = 0; epoch < this.#options.epochs; epoch++) this.#pass(fitted, rows, biased ? fitted.mean : 0);
    this.#fitted = fitted;
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings, mean, userBiases, itemBiases, userFactors, itemFactors, knownUsers, knownItems } = this.#fitted;
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const { factors, biased } = this.#options;
    const scale: RatingScale = ratings.scale;
    const predictions = new Float32Array(users.length);
    for (let row = 0; row < users.length; row++) {
      const user = users[row] as number;
      const item = items[row] as number;
      const known = knownUsers[user] === 1 && knownItems[item] === 1;
      let prediction = biased ? mean + (userBiases[user] as number) + (itemBiases[item] as number) : known ? 0 : mean;
      if (known) prediction += product(userFactors, user * factors, itemFactors, item * factors, factors);
      predictions[row] = clip(prediction, scale);
    }
    return predictions;
  }

  /** One pass over all ratings. */
  #pass(fitted: Fitted, rows: Int32Array, mean: number): void {
    const { userBiases, itemBiases, userFactors, itemFactors } = fitted;
    const { users, items, values } = fitted.ratings;
    const { factors, biased, learningRate, regularisation } = this.#options;
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place] as number;
      const user = users[row] as number;
      const item = items[row] as number;
      const ofUser = userBiases[user] as number;
      const ofItem = itemBiases[item] as number;
      const dot = product(userFactors, user * factors, itemFactors, item * factors, factors);
      const error = (values[row] as number) - (mean + ofUser + ofItem + dot);
      if (biased) {
        userBiases[user] = ofUser + learningRate * (error - regularisation * ofUser);
        itemBiases[item] = ofItem + learningRate * (error - regularisation * ofItem);
      }
      const step = learningRate * error;
      const kept = 1 - learningRate * regularisation;
      const lastUser = user * factors + factors;
      for (let atUser = user * factors, atItem = item * factors; atUser < lastUser; atUser++, atItem++) {
        const p = userFactors[atUser] as number;
        const q = itemFactors[atItem] as number;
        userFactors[atUser] = kept * p + step * q;
        itemFactors[atItem] = kept * q + step * p;
      }
    }
  }
}

/** The model of the thesis called RegSVD: biased, 64 factors unless said otherwise. */
export function regSvd(options: Omit<SvdOptions, 'name' | 'biased'> = {}): SvdRecommender {
  return new SvdRecommender({ factors: 64, ...options, name: 'regsvd' });
}

/** Scalar product of two vectors, in four sums that do not wait for each other. */
function product(first: Float64Array, at: number, second: Float64Array, from: number, length: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const whole = length & ~3;
  let index = 0;
  for (; index < whole; index += 4) {
    a += (first[at + index] as number) * (second[from + index] as number);
    b += (first[at + index + 1] as number) * (second[from + index + 1] as number);
    c += (first[at + index + 2] as number) * (second[from + index + 2] as number);
    d += (first[at + index + 3] as number) * (second[from + index + 3] as number);
  }
  for (; index < length; index++) a += (first[at + index] as number) * (second[from + index] as number);
  return a + b + (c + d);
}
