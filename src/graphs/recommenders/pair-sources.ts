import { yearOf } from '../../io/ratings/movies.ts';
import { contentVectors } from '../../models/recommenders/content-vectors.ts';
import type { ItemVectors } from '../../models/recommenders/item-vectors.ts';
import type { PairSources } from '../../models/recommenders/pairs/pair-network.ts';
import { userFieldsOf } from '../../models/recommenders/pairs/user-fields.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import type { FitData } from './fit-data.ts';
import { modalitiesOf, reductionOf } from './neural-options.ts';
import type { StoreFeatures } from './store-features.ts';

/**
 * What a network of pairs reads about items and users, with each stream of the features separate.
 */
export async function pairSources(
  training: TrainingRatings,
  { genres, titles, userFacts, ratings }: Pick<FitData, 'genres' | 'titles' | 'userFacts' | 'ratings'>,
  features: StoreFeatures | undefined,
  { modalities, components, reduction, streamWeights }: Readonly<Record<string, Json>>,
  seed: number,
): Promise<PairSources> {
  const known = {
    genres,
    titles,
    years: titles?.map(yearOf),
    userFields: userFacts && userFieldsOf(ratings.userIds, userFacts),
  };
  if (features === undefined) return known;
  features.check(training.items);
  const streams = new Map<string, ItemVectors>();
  for (const stream of modalitiesOf(features.modalities, modalities, undefined, streamWeights)) {
    const how = {
      components: (components as number) ?? 20,
      seed,
      has: (item: number) => features.has(item),
      reduction: reductionOf(reduction),
    };
    streams.set(stream.name, await contentVectors(training, features, [stream], how));
  }
  return { ...known, streams };
}
