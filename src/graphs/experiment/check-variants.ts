import { UsageError } from '../../core/errors.ts';
import type { ItemStore } from '../../io/dataset/item-store.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { definedRecommender } from '../recommenders/defined-recommender-fit.ts';
import { fitRecommender } from '../recommenders/fit-recommender.ts';
import { neuralOptions } from '../recommenders/neural-options.ts';
import { ownRecommender } from '../recommenders/own-recommenders.ts';
import { isDefinedRecommender, trainsInEpochs } from '../recommenders/recommender-names.ts';
import type { ExperimentData } from './experiment-data.ts';
import type { RecommenderVariant } from './recommender-variants.ts';
import { streamsOf } from './streams-of.ts';

/** Codes of errors that only the ratings can be blamed for. */
const ofTheData = ['diverged', 'ratings'];

/**
 * Four ratings of two items in the store: enough for a recommender that is not neural to check its
 * options.
 */
function fewRatings(features: ItemStore | undefined) {
  const [first = '1', second = '2'] = features?.itemIds ?? [];
  return {
    ratings: {
      users: Int32Array.of(0, 0, 1, 1),
      items: Int32Array.of(0, 1, 0, 1),
      values: Float32Array.of(1, 2, 2, 1),
      userIds: ['1', '2'],
      itemIds: [first, features?.itemIds.length === 1 ? first : second],
    },
    train: Int32Array.of(0, 1, 2, 3),
    validation: new Int32Array(0),
    scale: { minimum: 1, maximum: 2 },
    genres: { genreCount: 1, flags: Uint8Array.of(1, 1) },
    features,
  };
}

/**
 * Checks the values of all options before anything is computed: recommenders that are not neural
 * are fitted on four ratings, and for those that train in epochs the network and the training
 * schedule are resolved. What only training reveals (a fit that diverges) is found by the points.
 *
 * @throws UsageError naming the option.
 */
export async function checkVariants(
  variants: readonly RecommenderVariant[],
  { features }: ExperimentData,
): Promise<void> {
  for (const { recommender, options, features: name } of variants) {
    // What four ratings mean to a recommender of your own is unknown: its points will show.
    if (ownRecommender(recommender) !== undefined) continue;
    if (!trainsInEpochs(recommender)) {
      await fitRecommender(fewRatings(name === undefined ? undefined : features.get(name)), {
        recommender,
        options,
        seed: 1,
      }).catch((error: unknown) => {
        // If valid options lead to a failure, that is a matter of the data, and the point reports
        // it.
        if (!(error instanceof UsageError && ofTheData.includes(error.code))) throw error;
      });
      continue;
    }
    if (isDefinedRecommender(recommender)) {
      definedRecommender(recommender, options);
      continue;
    }
    new NeuralRecommender(recommender, neuralOptions(options, streamsOf({ features }, name)));
  }
}
