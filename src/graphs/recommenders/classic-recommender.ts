import { UsageError } from '../../core/errors.ts';
import { BaselineRecommender } from '../../models/recommenders/baseline.ts';
import type { BiasOptions } from '../../models/recommenders/biases.ts';
import { GenreContentRecommender } from '../../models/recommenders/genre-content.ts';
import { type KnnOptions, KnnRecommender } from '../../models/recommenders/knn.ts';
import { RandomRecommender } from '../../models/recommenders/random-recommender.ts';
import type { Recommender } from '../../models/recommenders/recommender.ts';
import { regSvd, type SvdOptions, SvdRecommender } from '../../models/recommenders/svd.ts';
import type { Json } from '../graph.ts';
import type { FitData, FittedRecommender } from './fit-data.ts';
import { trainingRatings } from './fit-data.ts';
import { makeOwn, ownRecommender } from './own-recommenders.ts';
import type { ClassicRecommenderName } from './recommender-names.ts';

/**
 * A recommender that is not neural, made from checked options.
 *
 * @throws UsageError when an option is out of range, or there are no genres for `genre-content`.
 */
function classicRecommender(
  model: ClassicRecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  data: FitData,
): Recommender {
  const own = ownRecommender(model);
  if (own !== undefined) return makeOwn(own, { options, seed, genres: data.genres });
  switch (model) {
    case 'random':
      return new RandomRecommender({ seed });
    case 'baseline':
      return new BaselineRecommender(options as BiasOptions);
    case 'user-knn':
      return new KnnRecommender({ ...(options as Omit<KnnOptions, 'between'>), between: 'users' });
    case 'item-knn':
      return new KnnRecommender({ ...(options as Omit<KnnOptions, 'between'>), between: 'items' });
    case 'regsvd':
      return regSvd({ ...(options as SvdOptions), seed });
    case 'svd':
      return new SvdRecommender({ ...(options as SvdOptions), seed });
    case 'genre-content':
      if (data.genres === undefined) {
        throw new UsageError('recommender genre-content needs the genres of the items', {
          remedy: 'Give a MovieLens directory, or a list of movies with genres.',
        });
      }
      return new GenreContentRecommender({ ...(options as { neighbours?: number }), genres: data.genres });
  }
}

/**
 * Fits a recommender that is not neural; `trainSeconds` are those of `fit`, and a KNN computes its
 * similarities in `predict`.
 */
export async function fitClassicRecommender(
  model: ClassicRecommenderName,
  options: Readonly<Record<string, Json>>,
  seed: number,
  data: FitData,
): Promise<FittedRecommender> {
  const recommender = classicRecommender(model, options, seed, data);
  const ratings = trainingRatings(data, data.train);
  const started = performance.now();
  await recommender.fit(ratings);
  return {
    name: model,
    trainSeconds: (performance.now() - started) / 1000,
    history: [],
    predict: async (users, items) => recommender.predict(users, items),
    score: async (users, items) => (recommender.score ?? recommender.predict).call(recommender, users, items),
  };
}
