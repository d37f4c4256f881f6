import { checkOneOf } from '../../core/check.ts';
import {
  type NeuralRecommenderName,
  neuralRecommenderNames,
  readsFeatures,
} from '../../models/recommenders/neural/architectures.ts';
import { ownRecommenderNames } from './own-recommenders.ts';

/** The recommenders that are not neural. */
export const classicRecommenderNames = [
  'random',
  'baseline',
  'user-knn',
  'item-knn',
  'regsvd',
  'svd',
  'genre-content',
] as const;

/** Name of a recommender that is not neural. */
export type ClassicRecommenderName = (typeof classicRecommenderNames)[number];

/** Name of any recommender. */
export type RecommenderName = ClassicRecommenderName | NeuralRecommenderName;

/** All recommenders by name. */
export const recommenderNames: readonly RecommenderName[] = [...classicRecommenderNames, ...neuralRecommenderNames];

/**
 * Asserts the name of a recommender, or of one's own that this process knows: what is typed for the
 * names that there always are holds for it too. @throws UsageError listing the names.
 */
export function checkRecommenderName(name: unknown): RecommenderName {
  return checkOneOf('recommender', name, [...recommenderNames, ...(ownRecommenderNames() as RecommenderName[])]);
}

/** Whether a recommender is neural. */
export function isNeuralRecommender(name: RecommenderName): name is NeuralRecommenderName {
  return (neuralRecommenderNames as readonly string[]).includes(name);
}

/** Whether a recommender learns from features of items. */
export function recommenderReadsFeatures(name: RecommenderName): boolean {
  return isNeuralRecommender(name) && readsFeatures(name);
}

/**
 * What tells a recommender about an item that nobody has rated; undefined when it knows nothing of
 * such items.
 */
export function contentOf(name: RecommenderName): 'features' | 'genres' | undefined {
  if (recommenderReadsFeatures(name)) return 'features';
  return name === 'genre-content' ? 'genres' : undefined;
}
