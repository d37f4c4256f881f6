import { joinRows } from '../../io/ratings/subset.ts';
import { checkRecommenderName, isNeuralRecommender } from './recommender-names.ts';

/**
 * The rows of a split that a recommender is given in an experiment. A neural recommender stops
 * early by the validation part; a recommender that is not neural has no use for that part, and
 * learns from it too. Recommenders that are compared must be given rows in the same way.
 *
 * @example
 * const rows = learningRows('item-knn', split);
 * await fitRecommender({ ratings, scale, ...rows }, { recommender: 'item-knn', options: {}, seed: 1 });
 */
export function learningRows(
  recommender: string,
  { train, validation }: { readonly train: Int32Array; readonly validation: Int32Array },
): { readonly train: Int32Array; readonly validation: Int32Array } {
  if (isNeuralRecommender(checkRecommenderName(recommender))) return { train, validation };
  return { train: joinRows([train, validation]), validation: new Int32Array(0) };
}
