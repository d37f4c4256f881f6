import { checkOneOf } from '../../core/check.ts';
import {
  type NeuralRecommenderName,
  neuralRecommenderNames,
  readsFeatures,
} from '../../models/recommenders/neural/architectures.ts';
import { type LossName, predictsBy } from '../../models/recommenders/neural/rating-loss.ts';
import type { Predicts } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import {
  type ClassicRecommender,
  type ClassicRecommenderName,
  classicRecommenderNames,
  classicRecommenders,
} from './classic-recommenders.ts';
import {
  type HistoryRecommenderName,
  historyRecommenderNames,
  historyRecommenders,
  historyRecord,
} from './history-recommenders.ts';
import { ownRecommender, ownRecommenderNames, recordOfOwn } from './own-recommenders.ts';
import { partsOf } from './recommender-parts.ts';

/** Name of any recommender. */
export type RecommenderName = ClassicRecommenderName | NeuralRecommenderName | HistoryRecommenderName;

/** All recommenders by name. */
export const recommenderNames: readonly RecommenderName[] = [
  ...classicRecommenderNames,
  ...neuralRecommenderNames,
  ...historyRecommenderNames,
];

/**
 * Checks that this is the name of a recommender, or of one of your own that this process knows; the
 * type of the built-in names stands for these too. @throws UsageError listing the names.
 */
export function checkRecommenderName(name: unknown): RecommenderName {
  return checkOneOf('recommender', name, [...recommenderNames, ...(ownRecommenderNames() as RecommenderName[])]);
}

/** The record of a recommender that is not neural, including your own. */
export function classicRecord(name: ClassicRecommenderName): ClassicRecommender {
  const own = ownRecommender(name);
  return own === undefined ? classicRecommenders[name] : recordOfOwn(own);
}

/** Whether a recommender is neural: a network that reads pairs of a user and an item. */
export function isNeuralRecommender(name: RecommenderName): name is NeuralRecommenderName {
  return (neuralRecommenderNames as readonly string[]).includes(name);
}

/** Whether a recommender reads histories: all ratings of a user, or of an item, at once. */
export function isHistoryRecommender(name: RecommenderName): name is HistoryRecommenderName {
  return historyRecord(name) !== undefined;
}

/**
 * Whether a recommender trains in epochs, which validation ratings may end early: a neural one, or
 * one that reads histories. It trains in its own thread, and its weights are saved.
 */
export function trainsInEpochs(name: RecommenderName): name is NeuralRecommenderName | HistoryRecommenderName {
  return isNeuralRecommender(name) || isHistoryRecommender(name);
}

/** The first part of a recommender that is neural; undefined if it has none. */
export function neuralPartOf(name: RecommenderName, options: Readonly<Record<string, Json>>): string | undefined {
  if (trainsInEpochs(name)) return undefined;
  const parts = partsOf(classicRecord(name).parts?.(options) ?? []);
  return parts.find((part) => isNeuralRecommender(part.name as RecommenderName))?.name;
}

/** Whether a recommender reads the times of ratings. */
export function readsTimes(name: RecommenderName): boolean {
  return historyRecord(name)?.definition.inTime ?? false;
}

/** Whether a recommender reads facts about users besides their ratings. */
export function readsUsers(name: RecommenderName): boolean {
  return historyRecord(name)?.readsUsers ?? false;
}

/** Whether a recommender learns from features of items; its options determine its parts. */
export function recommenderReadsFeatures(name: RecommenderName, options: Readonly<Record<string, Json>> = {}): boolean {
  return contentOf(name, options) === 'features';
}

/**
 * What a recommender reads about items that nobody has rated; undefined if it knows nothing about
 * such items.
 */
export function contentOf(
  name: RecommenderName,
  options: Readonly<Record<string, Json>> = {},
): 'features' | 'genres' | undefined {
  if (isHistoryRecommender(name)) return historyRecord(name)?.readsFeatures?.(options) ? 'features' : undefined;
  if (isNeuralRecommender(name)) return readsFeatures(name) ? 'features' : undefined;
  const { content, parts } = classicRecord(name);
  const ofParts = partsOf(parts?.(options) ?? []).map((part) =>
    recommenderNames.includes(part.name as RecommenderName)
      ? contentOf(part.name as RecommenderName, part.options)
      : undefined,
  );
  return content ?? ofParts.find((each) => each === 'features') ?? ofParts.find((each) => each !== undefined);
}

/** Whether a recommender with these options gives ratings, or scores that only rank. */
export function predictsOf(name: RecommenderName, options: Readonly<Record<string, Json>>): Predicts {
  if (isHistoryRecommender(name)) return historyRecommenders[name].definition.predicts;
  if (isNeuralRecommender(name)) return predictsBy((options.loss ?? 'mse') as LossName);
  return classicRecord(name).predicts ?? 'ratings';
}

/** Whether an experiment that names no recommenders includes it. */
export function isUsual(name: RecommenderName): boolean {
  if (isHistoryRecommender(name)) return false;
  if (isNeuralRecommender(name)) return name !== 'regsvd-adam';
  return classicRecord(name).isUsual ?? false;
}
