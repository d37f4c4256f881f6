import type { RatingScale } from '../../core/rating-scale.ts';
import { type Biases, type BiasOptions, biasOfNewUser, checkBiasOptions, estimateBiases } from './biases.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, notFitted } from './recommender.ts';

/**
 * r^ = mean + b_u + b_i (eq. 3 of the thesis; Koren 2010, eq. 2), clipped to the scale. The bias of
 * an unknown user or item is 0. Biases by alternating least squares (10 epochs, regularisation 10
 * for items and 15 for users) unless said otherwise.
 *
 * @example
 * const baseline = new BaselineRecommender({ method: 'sgd', epochs: 20 });
 * baseline.fit(ratings);
 */
export class BaselineRecommender implements Recommender {
  readonly name = 'baseline';
  readonly #options: BiasOptions;
  #biases: Biases | undefined;
  #scale: RatingScale = { minimum: 0, maximum: 0 };

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: BiasOptions = {}) {
    checkBiasOptions(options);
    this.#options = options;
  }

  /**
   * Estimates the biases.
   * @throws UsageError when the ratings are not as `TrainingRatings` says.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    this.#biases = estimateBiases(ratings, this.#options);
    this.#scale = ratings.scale;
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#biases === undefined) throw notFitted(this.name);
    const { mean, users: ofUsers, items: ofItems } = this.#biases;
    checkPairs(users, items, ofUsers.length, ofItems.length);
    const predictions = new Float32Array(users.length);
    for (let row = 0; row < users.length; row++) {
      const ofUser = ofUsers[users[row] as number] as number;
      const ofItem = ofItems[items[row] as number] as number;
      predictions[row] = mean + ofUser + ofItem;
    }
    return predictions;
  }

  /**
   * The user's bias from their ratings, by the regularisation of its method; those of items stay.
   */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    if (this.#biases === undefined) throw notFitted(this.name);
    const { mean, items: ofItems } = this.#biases;
    const bias = biasOfNewUser(this.#biases, own, this.#options);
    return Float32Array.from(items, (item) => mean + bias + (ofItems[item] as number));
  }
}
