import type { ItemVectors } from '../item-vectors.ts';
import type { TrainingRatings } from '../recommender.ts';
import { SvdRecommender } from '../svd.ts';

/**
 * Item vectors whose products with those of users are rewards from -1 to 1: a matrix factorisation
 * without biases, of the training ratings alone. Items without ratings have vectors of zeros.
 */
export function rewardVectors(training: TrainingRatings, factors: number, seed: number): ItemVectors {
  const { minimum, maximum } = training.scale;
  const half = (maximum - minimum) / 2;
  const middle = (maximum + minimum) / 2;
  const rewards = { ...training, values: training.values.map((value) => (value - middle) / half) };
  const svd = new SvdRecommender({ factors, biased: false, epochs: 40, learningRate: 0.01, seed });
  svd.fit({ ...rewards, scale: { minimum: -1, maximum: 1 } });
  const { values, dimension } = svd.itemFactors();
  const vectors = new Float32Array(training.itemCount * factors);
  for (const item of new Set(training.items)) {
    vectors.set(values.subarray(item * dimension, item * dimension + factors), item * factors);
  }
  return { vectors, dimension: factors };
}
