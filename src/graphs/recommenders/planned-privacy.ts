import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import { HistoryRecommender } from '../../models/recommenders/history/history-recommender.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import type { Json } from '../graph.ts';
import { type FitInputs, trainingRatings } from './fit-data.ts';
import { historyRecommender } from './history-recommender-fit.ts';
import { neuralOptions } from './neural-options.ts';
import { privacyOptions } from './private-options.ts';
import { isHistoryRecommender, isNeuralRecommender, type RecommenderName } from './recommender-names.ts';

/**
 * What a private training would guarantee of these ratings; undefined where it is not private.
 *
 * @throws UsageError `no-privacy`.
 */
export function plannedPrivacy(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  data: FitInputs,
): PrivacyGuarantee | undefined {
  const privacy = privacyOptions(options);
  if (privacy === undefined) return undefined;
  const training = trainingRatings(data, data.train);
  const recommender = isHistoryRecommender(model)
    ? historyRecommender(model, options)
    : isNeuralRecommender(model)
      ? new NeuralRecommender(model, neuralOptions(options, []))
      : undefined;
  if (!(recommender instanceof HistoryRecommender || recommender instanceof NeuralRecommender)) return undefined;
  return recommender.guaranteeFor(training);
}
