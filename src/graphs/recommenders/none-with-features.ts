import { UsageError } from '../../core/errors.ts';

/**
 * The error for a recommender that has nothing to learn from because no rated item has features.
 */
export function noneWithFeatures(ratedItems: number, features: string): UsageError {
  return new UsageError(`none of the ${ratedItems} rated items has features in ${features}`, {
    code: 'missing-features',
    remedy: 'If the features have ids of trailers, give the list that maps them to items as `trailers`.',
  });
}
