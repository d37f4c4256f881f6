import { UsageError } from '../../core/errors.ts';
import { Draws, orderOfDraws } from '../../io/ratings/draws.ts';
import type { Split } from '../../io/ratings/split.ts';
import type { FitData } from '../recommenders/fit-data.ts';
import type { ExperimentData } from './experiment-data.ts';
import type { ExperimentPlace } from './experiment-points.ts';
import type { ExperimentScenarios, ScenarioData } from './experiment-scenarios.ts';
import type { RecommenderVariant } from './recommender-variants.ts';

/** A fold as a recommender sees it. */
export interface FoldData extends ScenarioData {
  readonly split: Split;
  /** Everything that fitting needs except the rows. */
  readonly fitting: Omit<FitData, 'train' | 'validation'>;
}

/**
 * The data of a place, with the features that a recommender reads.
 *
 * @throws UsageError `ratings` when the fold has nothing to learn from, or to be tested on.
 */
export async function foldData(
  place: ExperimentPlace,
  { features: store }: RecommenderVariant,
  data: ExperimentData,
  scenarios: ExperimentScenarios,
): Promise<FoldData> {
  const { scenario, genres, titles } = await scenarios.of(place.scenario, place.splitSeed);
  const split = scenario.splits[place.fold - 1];
  if (split === undefined) throw new Error(`there is no fold ${place.fold}`);
  for (const [part, rows] of Object.entries({ training: split.train, test: split.test })) {
    if (rows.length > 0) continue;
    throw new UsageError(`fold ${place.fold} of ${place.scenario} has no ${part} ratings`, {
      code: 'ratings',
      remedy: 'Use more ratings per user, or fewer folds.',
    });
  }
  const { scale, trailers, userFacts } = data;
  const features = store === undefined ? undefined : data.features.get(store);
  const { ratings } = scenario;
  const fitting = { ratings, scale, genres, titles, userFacts, features, trailers };
  return { scenario, genres, titles, split, fitting };
}

/**
 * A share of the training rows, drawn with the seed of the data. A larger share contains every
 * smaller one.
 */
export function shareOfTraining({ scenario, split }: FoldData, share: number, seed: number): Int32Array {
  if (share >= 1) return split.train;
  const draws = new Draws(seed, 'halving').ofRatings(scenario.ratings);
  return orderOfDraws(draws, split.train)
    .slice(0, Math.max(1, Math.round(share * split.train.length)))
    .sort();
}
