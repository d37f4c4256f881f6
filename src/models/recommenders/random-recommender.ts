import { checkInteger } from '../../core/check.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import { mixBits } from '../../core/xoshiro.js';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clip, globalMean, notFitted } from './recommender.ts';

interface Fitted {
  readonly mean: number;
  readonly deviation: number;
  readonly userCount: number;
  readonly itemCount: number;
  readonly scale: RatingScale;
}

/**
 * Draws ratings from Normal(mean, standard deviation) of the training ratings (population
 * deviation), clipped to the scale. A draw depends on the seed, the user and the item only: the
 * same pair has the same prediction in any batch.
 *
 * @example
 * const random = new RandomRecommender({ seed: 1 });
 * random.fit(ratings);
 * const predictions = random.predict(Int32Array.of(0), Int32Array.of(3));
 */
export class RandomRecommender implements Recommender {
  readonly name = 'random';
  readonly #seed: number;
  #fitted: Fitted | undefined;

  /** @throws UsageError unless the seed is an integer from 0 to 4294967295. */
  constructor(options: { seed?: number | undefined } = {}) {
    this.#seed = checkInteger('seed', options.seed ?? 0, 0, 0xffffffff);
  }

  /**
   * Learns mean and deviation.
   * @throws UsageError when the ratings are not as `TrainingRatings` says.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const { values, userCount, itemCount, scale } = ratings;
    const mean = globalMean(values);
    let squares = 0;
    for (let row = 0; row < values.length; row++) squares += ((values[row] as number) - mean) ** 2;
    this.#fitted = { mean, deviation: Math.sqrt(squares / values.length), userCount, itemCount, scale };
  }

  /** One draw per pair. @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { mean, deviation, userCount, itemCount, scale } = this.#fitted;
    checkPairs(users, items, userCount, itemCount);
    return Float32Array.from(users, (user, row) =>
      clip(mean + deviation * normal(this.#seed, user, items[row] as number), scale),
    );
  }

  /** Draws for the user number after those of training. */
  scoreNewUser(_own: NewUserRatings, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { mean, deviation, userCount } = this.#fitted;
    return Float32Array.from(items, (item) => mean + deviation * normal(this.#seed, userCount, item));
  }
}

/**
 * A standard normal number (Box and Muller, 1958) of two uniform ones that are hashes of their
 * place.
 */
function normal(seed: number, user: number, item: number): number {
  const key = mix(mix(mix(seed) ^ user) ^ item);
  const first = (mix(key ^ 0x9e3779b9) + 0.5) / 2 ** 32;
  const second = mix(key ^ 0x7f4a7c15) / 2 ** 32;
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second);
}

/** An odd constant is added, so that 0 does not stay 0. */
function mix(value: number): number {
  return mixBits((value + 0x6d2b79f5) | 0);
}
