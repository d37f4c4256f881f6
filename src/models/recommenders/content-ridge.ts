import { checkInteger, checkPositive } from '../../core/check.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import { checkVectorCount, checkVectors, dot, type ItemVectors } from './item-vectors.ts';
import { listsByUser } from './rating-lists.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';
import { solvePositive } from './solve-positive.ts';
import { dampedMeans } from './user-mean.ts';

/** Options of `ContentRidgeRecommender`. */
export interface ContentRidgeOptions extends ItemVectors {
  /** Its name in tables. Default `content-ridge`. */
  readonly name?: string | undefined;
  /** lambda, for weights and user bias alike; default 1. */
  readonly regularisation?: number | undefined;
  /**
   * lambda of the weights that all users share, which are learnt first. Default: no such weights.
   */
  readonly sharedRegularisation?: number | undefined;
  /** Whether each value is standardised over the rated items; default true. */
  readonly standardise?: boolean | undefined;
}

interface Fitted {
  readonly mean: number;
  /** Bias and weights of each user, then the shared ones. */
  readonly weights: Float64Array;
  readonly shared: Float64Array;
  readonly features: Float64Array;
  readonly userCount: number;
}

/**
 * A ridge regression for each user on a fixed vector of each item: r^ = mean + b_u + w_u . x_i,
 * clipped to the scale, where b_u and w_u minimise sum (r - r^)^2 + lambda (b_u^2 + |w_u|^2) over
 * the user's ratings (Hoerl and Kennard 1970). Each value of x is standardised over the rated
 * items. With `sharedRegularisation` there are weights w that all users share too, r^ = mean + b_u
 * + (w + w_u) . x_i: w is learnt first, from what the damped means of the users leave, and w_u from
 * what is left then. This is the linear baseline for neural recommenders that read content. An
 * unknown user has neither bias nor own weights.
 *
 * @example
 * const vectors = new Float32Array(ratings.itemCount * 3);
 * const ridge = new ContentRidgeRecommender({ name: 'mean-colour', vectors, dimension: 3 });
 */
export class ContentRidgeRecommender implements Recommender {
  readonly name: string;
  readonly #vectors: Float32Array;
  readonly #dimension: number;
  readonly #regularisation: number;
  readonly #sharedRegularisation: number | undefined;
  readonly #standardise: boolean;
  #fitted: Fitted | undefined;
  #scale: RatingScale = { minimum: 0, maximum: 0 };

  /**
   * @throws UsageError when the vectors are not whole number of items or hold NaN or infinity, or
   * lambda is not above 0.
   */
  constructor(options: ContentRidgeOptions) {
    this.name = options.name ?? 'content-ridge';
    this.#dimension = checkInteger('dimension', options.dimension);
    this.#regularisation = checkPositive('regularisation', options.regularisation ?? 1);
    const { sharedRegularisation: shared } = options;
    this.#sharedRegularisation = shared === undefined ? undefined : checkPositive('sharedRegularisation', shared);
    this.#standardise = options.standardise ?? true;
    this.#vectors = options.vectors;
    checkVectors(options);
  }

  /**
   * @throws UsageError when the ratings are not as `TrainingRatings` says, or there are not as many
   * vectors as items.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    checkVectorCount({ vectors: this.#vectors, dimension: this.#dimension }, ratings.itemCount);
    const mean = globalMean(ratings.values);
    const features = this.#features(ratings);
    const size = this.#dimension + 1;
    const shared = this.#sharedWeights(ratings, features);
    const weights = new Float64Array(ratings.userCount * size);
    const lists = listsByUser(ratings);
    this.#fitted = { mean, weights, shared, features, userCount: ratings.userCount };
    for (let user = 0; user < ratings.userCount; user++) {
      const [from, to] = [lists.starts[user] as number, lists.starts[user + 1] as number];
      if (from === to) continue;
      const own = { items: lists.others.subarray(from, to), values: lists.values.subarray(from, to) };
      weights.set(this.#ownWeights(own), user * size);
    }
    this.#scale = ratings.scale;
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { weights, features, userCount } = this.#fitted;
    const size = this.#dimension + 1;
    checkPairs(users, items, userCount, features.length / size);
    return Float32Array.from(users, (user, row) => this.#sum(weights, user * size, items[row] as number));
  }

  /** The user's own weights from their ratings; the shared ones stay. */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const weights = this.#ownWeights(own);
    return Float32Array.from(items, (item) => this.#sum(weights, 0, item));
  }

  #sum(weights: Float64Array, start: number, item: number): number {
    const { mean, shared, features } = this.#fitted as Fitted;
    const size = this.#dimension + 1;
    return mean + dot(weights, start, features, item * size, size) + dot(shared, 0, features, item * size, size);
  }

  /** Bias and weights of one user, fitted to what the mean and the shared weights leave. */
  #ownWeights({ items, values }: NewUserRatings): Float64Array {
    const { mean, shared, features } = this.#fitted as Fitted;
    const size = this.#dimension + 1;
    const residuals = Float64Array.from(
      values,
      (value, row) => value - mean - dot(shared, 0, features, (items[row] as number) * size, size),
    );
    return ridge(features, size, items, residuals, this.#regularisation);
  }

  /** Shared weights, fitted to what the users' damped means leave; no bias. */
  #sharedWeights(ratings: TrainingRatings, features: Float64Array): Float64Array {
    const size = this.#dimension + 1;
    if (this.#sharedRegularisation === undefined) return new Float64Array(size);
    const means = dampedMeans(ratings, this.#regularisation);
    const residuals = Float64Array.from(
      ratings.values,
      (value, row) => value - (means[ratings.users[row] as number] as number),
    );
    const weights = ridge(features, size, ratings.items, residuals, this.#sharedRegularisation);
    weights[0] = 0;
    return weights;
  }

  /**
   * A row for each item: 1, which the user bias goes with, then its values, standardised: with mean
   * 0 and deviation 1 over the rated items.
   */
  #features({ items, itemCount }: TrainingRatings): Float64Array {
    const size = this.#dimension + 1;
    const rated = [...new Set(items)];
    const features = new Float64Array(itemCount * size);
    for (let axis = 0; axis < this.#dimension; axis++) {
      const value = (item: number) => this.#vectors[item * this.#dimension + axis] as number;
      let [mean, deviation] = [0, 1];
      if (this.#standardise) {
        mean = rated.reduce((sum, item) => sum + value(item), 0) / rated.length;
        const variance = rated.reduce((sum, item) => sum + (value(item) - mean) ** 2, 0) / rated.length;
        deviation = variance > 0 ? Math.sqrt(variance) : 1;
      }
      for (let item = 0; item < itemCount; item++) {
        features[item * size + axis + 1] = (value(item) - mean) / deviation;
      }
    }
    for (let item = 0; item < itemCount; item++) features[item * size] = 1;
    return features;
  }
}

/** w of least sum (r - w . x)^2 + lambda |w|^2 over the rows of some items. */
function ridge(
  features: Float64Array,
  size: number,
  items: Int32Array,
  residuals: Float64Array,
  lambda: number,
): Float64Array {
  const matrix = new Float64Array(size * size);
  const side = new Float64Array(size);
  for (let axis = 0; axis < size; axis++) matrix[axis * size + axis] = lambda;
  for (let place = 0; place < items.length; place++) {
    const start = (items[place] as number) * size;
    for (let row = 0; row < size; row++) {
      const left = features[start + row] as number;
      side[row] = (side[row] as number) + left * (residuals[place] as number);
      for (let column = 0; column < size; column++) {
        const at = row * size + column;
        matrix[at] = (matrix[at] as number) + left * (features[start + column] as number);
      }
    }
  }
  return solvePositive(matrix, side);
}
