import { trainingBytes, weightCount } from '../../models/autodiff/training-memory.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import type { SourceModality } from '../../models/recommenders/neural/feature-source.ts';
import { neuralModule } from '../../models/recommenders/neural/neural-module.ts';
import { usualBatch } from '../../models/recommenders/neural/neural-recommender.ts';
import { weightShapes } from '../../models/recommenders/neural/weight-shapes.ts';
import type { Json } from '../graph.ts';
import { definedRecommender } from './defined-recommender-fit.ts';
import type { DefinedRecommenderName } from './defined-recommenders.ts';
import { type FitInputs, trainingRatings } from './fit-data.ts';
import { neuralOptions } from './neural-options.ts';
import { unitsOf } from './private-options.ts';
import { isDefinedRecommender } from './recommender-names.ts';

/** The cost of a training, as far as it can be known in advance. */
export interface TrainingCost {
  readonly stepsPerEpoch: number;
  /**
   * Approximate bytes that it holds besides the ratings; undefined if that depends on what else is
   * known about items and users.
   */
  readonly bytes: number | undefined;
}

/** The cost of learning from the rows `train`, for a recommender that trains in epochs. */
export function trainingCost(
  model: NeuralRecommenderName | DefinedRecommenderName,
  options: Readonly<Record<string, Json>>,
  data: Pick<FitInputs, 'ratings' | 'train' | 'validation' | 'scale'>,
  streams: readonly SourceModality[],
): TrainingCost {
  if (isDefinedRecommender(model)) {
    return definedRecommender(model, options).costOf(trainingRatings(data, data.train));
  }
  const { ratings, scale, train } = data;
  const space = { userCount: ratings.userIds.length, itemCount: ratings.itemIds.length, scale };
  const shapes = weightShapes(neuralModule(model, space, neuralOptions(options, streams)));
  return {
    stepsPerEpoch: neuralSteps(unitsOf(trainingRatings(data, train), options), options),
    bytes: trainingBytes(weightCount(shapes)),
  };
}

/** Steps of a neural recommender over this number of ratings. */
export function neuralSteps(ratings: number, { batch }: Readonly<Record<string, Json>>): number {
  return Math.ceil(ratings / (typeof batch === 'number' ? batch : usualBatch));
}
