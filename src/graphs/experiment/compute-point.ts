import { identifierRanks } from '../../io/ratings/identifiers.ts';
import { evaluate } from '../../models/metrics/evaluate.ts';
import { decimalRatings } from '../decimal-ratings.ts';
import { peakRssBytes } from '../evaluation.ts';
import { fitRecommender } from '../recommenders/fit-recommender.ts';
import { learningRows } from '../recommenders/learning-rows.ts';
import { testPredictions } from '../test-predictions.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { ExperimentScenarios } from './experiment-scenarios.ts';
import type { PointMeasurements } from './point-result.ts';

/**
 * Fits the recommender of a point to `learningRows`, and scores it on the point's test ratings.
 *
 * @throws what `makeScenario`, `fitRecommender` and `evaluate` throw; the reason of `signal`.
 */
export async function computePoint(
  point: ExperimentPoint,
  experiment: Experiment,
  data: ExperimentData,
  scenarios: ExperimentScenarios,
  signal?: AbortSignal,
): Promise<PointMeasurements> {
  const { model: recommender, options, features: store } = point.variant;
  const { scenario, genres } = scenarios.of(point.scenario, point.seed);
  const { ratings } = scenario;
  const split = scenario.splits[point.fold - 1];
  if (split === undefined) throw new Error(`there is no fold ${point.fold}`);
  const { train, validation } = learningRows(recommender, split);
  const features = store === undefined ? undefined : data.features.get(store);
  const fitted = await fitRecommender(
    {
      ratings,
      train,
      validation,
      scale: data.scale,
      genres,
      features,
      trailers: data.trailers,
    },
    { recommender, options, seed: point.seed, signal },
  );
  try {
    const { users, items, predictions, predictSeconds } = await testPredictions(fitted, ratings, split.test);
    const values = Float32Array.from(split.test, (row) => ratings.values[row] as number);
    const evaluation = evaluate(
      { users, items, ratings: decimalRatings(values), predictions },
      {
        scale: data.scale,
        ks: experiment.k,
        threshold: experiment.threshold,
        thresholdRule: experiment.thresholdRule,
        undefined: experiment.undefined,
        itemOrder: identifierRanks(ratings.itemIds),
        genres,
      },
    );
    return {
      counts: {
        train: train.length,
        validation: validation.length,
        test: split.test.length,
        users: ratings.userIds.length,
        items: ratings.itemIds.length,
        ratings: ratings.values.length,
        usersWithFewer: scenario.counts.usersWithFewer ?? 0,
      },
      trainSeconds: fitted.trainSeconds,
      predictSeconds,
      peakRssBytes: peakRssBytes(),
      epochs: fitted.history.length,
      evaluation,
    };
  } finally {
    await fitted.close?.();
  }
}
