import { checkOneOf } from '../../core/check.ts';
import { type DeepModel, deepModels, readsFeatures } from '../../models/recommenders/deep/options.ts';

/** The models that learn without a network. */
export const classicModels = ['random', 'baseline', 'user-knn', 'item-knn', 'regsvd', 'svd', 'genre-content'] as const;

/** Name of a model that learns without a network. */
export type ClassicModel = (typeof classicModels)[number];

/** Name of any recommender. */
export type ModelName = ClassicModel | DeepModel;

/** All recommenders by name. */
export const modelNames: readonly ModelName[] = [...classicModels, ...deepModels];

/** Asserts the name of a recommender. @throws UsageError listing the names. */
export function checkModelName(name: unknown): ModelName {
  return checkOneOf('model', name, modelNames);
}

/** Whether a model is a network. */
export function isDeepModel(name: ModelName): name is DeepModel {
  return (deepModels as readonly string[]).includes(name);
}

/** Whether a model learns from features of items. */
export function modelReadsFeatures(name: ModelName): boolean {
  return isDeepModel(name) && readsFeatures(name);
}

/** What tells a model about an item that nobody has rated; undefined when it knows nothing of such items. */
export function contentOf(name: ModelName): 'features' | 'genres' | undefined {
  if (modelReadsFeatures(name)) return 'features';
  return name === 'genre-content' ? 'genres' : undefined;
}
