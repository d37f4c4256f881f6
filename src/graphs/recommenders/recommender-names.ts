import { checkOneOf } from '../../core/check.ts';
import {
  type NeuralRecommenderName,
  neuralRecommenderNames,
  readsFeatures,
} from '../../models/recommenders/neural/architectures.ts';
import { predictsBy } from '../../models/recommenders/neural/rating-loss.ts';
import type { Predicts } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import {
  type ClassicRecommender,
  type ClassicRecommenderName,
  classicRecommenderNames,
  classicRecommenders,
} from './classic-recommenders.ts';
import {
  type DefinedRecommenderName,
  definedRecommenderNames,
  definedRecommenders,
  definedRecord,
} from './defined-recommenders.ts';
import { ownRecommender, ownRecommenderNames, recordOfOwn } from './own-recommenders.ts';
import { partsOf, type RecommenderPart } from './recommender-parts.ts';

/** Name of any recommender. */
export type RecommenderName = ClassicRecommenderName | NeuralRecommenderName | DefinedRecommenderName;

/** All recommenders by name. */
export const recommenderNames: readonly RecommenderName[] = [
  ...classicRecommenderNames,
  ...neuralRecommenderNames,
  ...definedRecommenderNames,
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

/**
 * Whether a recommender is one of the neural ones that `NeuralRecommender` builds: `gmf`, `deepcf`,
 * the audiovisual ones and `regsvd-adam`.
 */
export function isNeuralRecommender(name: RecommenderName): name is NeuralRecommenderName {
  return (neuralRecommenderNames as readonly string[]).includes(name);
}

/** Whether a recommender is made from a definition: of histories, or of pairs. */
export function isDefinedRecommender(name: RecommenderName): name is DefinedRecommenderName {
  return definedRecord(name) !== undefined;
}

/**
 * Whether a recommender trains in epochs, which validation ratings may end early. It trains in its
 * own thread, and its weights are saved.
 */
export function trainsInEpochs(name: RecommenderName): name is NeuralRecommenderName | DefinedRecommenderName {
  return isNeuralRecommender(name) || isDefinedRecommender(name);
}

/** The neural parts of a recommender that is not neural itself. */
export function neuralPartsOf(
  name: RecommenderName,
  options: Readonly<Record<string, Json>>,
): (RecommenderPart & { readonly name: NeuralRecommenderName })[] {
  if (trainsInEpochs(name)) return [];
  return partsOf(classicRecord(name).parts?.(options) ?? []).flatMap(({ name, options }) =>
    isNeuralRecommender(name as RecommenderName) ? [{ name: name as NeuralRecommenderName, options }] : [],
  );
}

/** Whether a recommender with these options reads the times of ratings. */
export function readsTimes(name: RecommenderName, options: Readonly<Record<string, Json>>): boolean {
  const record = definedRecord(name);
  return record?.definition.inTime === true || record?.readsTimes?.(options) === true;
}

/** Whether a recommender reads facts about users besides their ratings. */
export function readsUsers(name: RecommenderName): boolean {
  return definedRecord(name)?.readsUsers ?? false;
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
  if (isDefinedRecommender(name)) return definedRecord(name)?.readsFeatures?.(options) ? 'features' : undefined;
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
  if (isDefinedRecommender(name)) return definedRecommenders[name].definition.predicts;
  if (isNeuralRecommender(name)) return predictsBy(options.loss);
  return classicRecord(name).predicts ?? 'ratings';
}

/** Whether an experiment that names no recommenders includes it. */
export function isUsual(name: RecommenderName): boolean {
  if (isDefinedRecommender(name)) return false;
  if (isNeuralRecommender(name)) return name !== 'regsvd-adam';
  return classicRecord(name).isUsual ?? false;
}
