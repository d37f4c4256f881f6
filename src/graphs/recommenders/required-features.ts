import { UsageError } from '../../core/errors.ts';
import type { FitData } from './fit-data.ts';
import { StoreFeatures } from './store-features.ts';

/**
 * The features of the items to learn from.
 *
 * @throws UsageError `missing-features` when there are none.
 *
 * @example
 * requiredFeatures('dcf-av-1', { ratings, features: await ItemStore.open('reduced/') }).modalities;
 */
export function requiredFeatures(
  recommender: string,
  {
    features,
    ratings,
    trailers,
  }: Pick<FitData, 'ratings' | 'trailers'> & { readonly features?: FitData['features'] | StoreFeatures | undefined },
): StoreFeatures {
  if (features instanceof StoreFeatures) return features;
  if (features !== undefined) return StoreFeatures.ofItems(features, ratings.itemIds, trailers);
  throw new UsageError(`recommender ${recommender} reads features of the items, but there are none`, {
    code: 'missing-features',
    remedy:
      'Give a training store as `features`: the directory that `reduce` wrote, or the file that `importFeatures` wrote.',
  });
}
