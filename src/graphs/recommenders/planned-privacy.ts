import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { PairRecommender } from '../../models/recommenders/pairs/pair-recommender.ts';
import type { Json } from '../graph.ts';
import { definedRecommender } from './defined-recommender-fit.ts';
import { type FitInputs, trainingRatings } from './fit-data.ts';
import { neuralOptions } from './neural-options.ts';
import { privacyOptions } from './private-options.ts';
import { classicRecord, isDefinedRecommender, type RecommenderName, trainsInEpochs } from './recommender-names.ts';

/**
 * What a private training on these ratings would guarantee; undefined if it is not private.
 *
 * @throws UsageError `no-privacy`.
 */
export function plannedPrivacy(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  data: FitInputs,
  seed: number,
): PrivacyGuarantee | undefined {
  const privacy = privacyOptions(options);
  if (privacy === undefined) return undefined;
  const training = trainingRatings(data, data.train);
  if (!trainsInEpochs(model)) return classicRecord(model).guarantee?.({ options, seed }, training);
  const recommender = isDefinedRecommender(model)
    ? definedRecommender(model, options)
    : new NeuralRecommender(model, neuralOptions(options, []));
  return recommender instanceof PairRecommender ? undefined : recommender.guaranteeFor(training);
}
