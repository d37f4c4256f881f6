import { checkInteger, checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import { listsByUser } from './rating-lists.ts';
import type { Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';

/** Options of `ContentRidgeRecommender`. */
export interface ContentRidgeOptions {
  /**
   * float32[items x dimension], row-major: one vector for each item number, such as its clip's mean
   * colour.
   */
  readonly vectors: Float32Array;
  readonly dimension: number;
  /** How tables call it. Default `content-ridge`. */
  readonly name?: string | undefined;
  /** lambda, for weights and user bias alike; default 1. */
  readonly regularisation?: number | undefined;
}

/**
 * A ridge regression for each user on a fixed vector of each item: r^ = mean + b_u + w_u . x_i,
 * clipped to the scale, where b_u and w_u minimise sum (r - r^)^2 + lambda (b_u^2 + |w_u|^2) over
 * the user's ratings (Hoerl and Kennard 1970). Each value of x is standardised over the rated
 * items. The linear reading of content that a neural recommender has to beat. An unknown user gets
 * the mean.
 *
 * @example
 * const ridge = new ContentRidgeRecommender({ name: 'mean-colour', vectors: meanColours, dimension: 3 });
 */
export class ContentRidgeRecommender implements Recommender {
  readonly name: string;
  readonly #vectors: Float32Array;
  readonly #dimension: number;
  readonly #regularisation: number;
  #fitted: { mean: number; weights: Float64Array; features: Float64Array; userCount: number } | undefined;
  #scale: RatingScale = { minimum: 0, maximum: 0 };

  /**
   * @throws UsageError when the vectors are not whole number of items or hold NaN or infinity, or
   * lambda is not above 0.
   */
  constructor(options: ContentRidgeOptions) {
    this.name = options.name ?? 'content-ridge';
    this.#dimension = checkInteger('dimension', options.dimension);
    this.#regularisation = checkPositive('regularisation', options.regularisation ?? 1);
    this.#vectors = options.vectors;
    if (!(options.vectors instanceof Float32Array) || options.vectors.length % this.#dimension !== 0) {
      throw new UsageError(
        `\`vectors\` must be a Float32Array of ${this.#dimension} values for each item, but is ${shown(options.vectors)}`,
      );
    }
    const bad = options.vectors.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new UsageError(`\`vectors\`[${bad}] must be a finite number, but is ${options.vectors[bad]}`);
  }

  /**
   * @throws UsageError when the ratings are not as `TrainingRatings` says, or there are not as many
   * vectors as items.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    if (this.#vectors.length !== ratings.itemCount * this.#dimension) {
      throw new UsageError(
        `\`vectors\` must have a vector for each of ${ratings.itemCount} items, but has ${this.#vectors.length / this.#dimension}`,
      );
    }
    const mean = globalMean(ratings.values);
    const features = this.#standardised(ratings);
    const size = this.#dimension + 1;
    const weights = new Float64Array(ratings.userCount * size);
    const lists = listsByUser(ratings);
    for (let user = 0; user < ratings.userCount; user++) {
      const [from, to] = [lists.starts[user] as number, lists.starts[user + 1] as number];
      if (from === to) continue;
      const matrix = new Float64Array(size * size);
      const side = new Float64Array(size);
      for (let axis = 0; axis < size; axis++) matrix[axis * size + axis] = this.#regularisation;
      for (let place = from; place < to; place++) {
        const item = lists.others[place] as number;
        const x = features.subarray(item * size, (item + 1) * size);
        const residual = (lists.values[place] as number) - mean;
        for (const [row, left] of x.entries()) {
          side[row] = (side[row] as number) + left * residual;
          for (const [column, right] of x.entries()) {
            matrix[row * size + column] = (matrix[row * size + column] as number) + left * right;
          }
        }
      }
      weights.set(solvePositive(matrix, side), user * size);
    }
    this.#fitted = { mean, weights, features, userCount: ratings.userCount };
    this.#scale = ratings.scale;
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), this.#scale);
  }

  /** What `predict` clips. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { mean, weights, features, userCount } = this.#fitted;
    const size = this.#dimension + 1;
    checkPairs(users, items, userCount, features.length / size);
    return Float32Array.from(users, (user, row) => {
      let sum = mean;
      for (let axis = 0; axis < size; axis++) {
        sum += (weights[user * size + axis] as number) * (features[(items[row] as number) * size + axis] as number);
      }
      return sum;
    });
  }

  /**
   * A row for each item: 1, which the user bias goes with, then its values with mean 0 and
   * deviation 1 over the rated items.
   */
  #standardised({ items, itemCount }: TrainingRatings): Float64Array {
    const size = this.#dimension + 1;
    const rated = [...new Set(items)];
    const features = new Float64Array(itemCount * size);
    for (let axis = 0; axis < this.#dimension; axis++) {
      const value = (item: number) => this.#vectors[item * this.#dimension + axis] as number;
      const mean = rated.reduce((sum, item) => sum + value(item), 0) / rated.length;
      const variance = rated.reduce((sum, item) => sum + (value(item) - mean) ** 2, 0) / rated.length;
      const deviation = variance > 0 ? Math.sqrt(variance) : 1;
      for (let item = 0; item < itemCount; item++) {
        features[item * size + axis + 1] = (value(item) - mean) / deviation;
      }
    }
    for (let item = 0; item < itemCount; item++) features[item * size] = 1;
    return features;
  }
}

/**
 * x of A x = b for a symmetric positive definite A, by Gauss's elimination, which needs no pivots
 * there. Overwrites both.
 */
function solvePositive(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const at = (row: number, column: number) => a[row * n + column] as number;
  for (let pivot = 0; pivot < n; pivot++) {
    for (let row = pivot + 1; row < n; row++) {
      const factor = at(row, pivot) / at(pivot, pivot);
      for (let column = pivot; column < n; column++) a[row * n + column] = at(row, column) - factor * at(pivot, column);
      b[row] = (b[row] as number) - factor * (b[pivot] as number);
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    let sum = b[row] as number;
    for (let column = row + 1; column < n; column++) sum -= at(row, column) * (b[column] as number);
    b[row] = sum / at(row, row);
  }
  return b;
}
