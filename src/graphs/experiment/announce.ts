import { metricNames } from '../../models/metrics/metrics.ts';
import { isHistoryRecommender, isNeuralRecommender } from '../recommenders/recommender-names.ts';
import type { Experiment } from './experiment-config.ts';
import { experimentRuns } from './experiment-points.ts';
import type { ScenarioData } from './experiment-scenarios.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { resolvedOptions } from './resolved-options.ts';
import { searchRounds } from './search.ts';

/** What a run will take, as far as it can be known before it begins. */
export interface ExperimentCost {
  /** Fits of recommenders that are not neural, trials on the validation part included. */
  readonly fits: number;
  /** Trainings of neural recommenders, those included, and the most steps that all of them take. */
  readonly trainings: number;
  readonly steps: number;
  /** About what ratings, splits, values of users and the weights of concurrent trainings take. */
  readonly bytes: number;
}

/** Weights, two moments of Adam, the best weights so far. */
const copiesOfWeights = 4;

/** What all points of an experiment take, counted from its first scenario. */
export function experimentCost(
  experiment: Experiment,
  entries: readonly ExperimentEntry[],
  { scenario }: ScenarioData,
): ExperimentCost {
  const places = experiment.scenarios.length * experimentRuns(experiment).length * experiment.folds;
  const { ratings, splits } = scenario;
  const [first] = splits;
  const rows = (first?.train.length ?? 0) + (first?.validation.length ?? 0);
  const judged = (first?.validation.length ?? 0) > 0;
  let [fits, trainings, steps, weights] = [0, 0, 0, 0];
  for (const { recommender: model, candidates } of entries) {
    const rounds = candidates.length > 1 ? searchRounds(candidates.length, experiment.search) : [];
    const trials = rounds.reduce((sum, round) => sum + round.candidates, 0);
    const own = places * (trials + (judged && experiment.refit && candidates.length === 1 ? 2 : 1));
    if (!isNeuralRecommender(model)) {
      fits += own;
      continue;
    }
    const whole = rounds.reduce((sum, { candidates: count, share }) => sum + count * share, 0);
    for (const { options } of candidates) {
      const { epochs, batch, embedding = 0 } = resolvedOptions(model, options) as Record<string, number>;
      const learnt = isHistoryRecommender(model) ? ratings.userIds.length : rows;
      const perTraining = Number(epochs) * Math.ceil(learnt / Number(batch));
      steps += (places * (whole + own / places - trials) * perTraining) / candidates.length;
      const numbers = (ratings.userIds.length + ratings.itemIds.length) * Number(embedding);
      weights = Math.max(weights, 4 * copiesOfWeights * numbers);
    }
    trainings += own;
  }
  const perFold = 4 * ratings.values.length * splits.length;
  const users =
    8 * ratings.userIds.length * (metricNames('first-k').length * experiment.k.length + 10) * entries.length;
  const bytes =
    2 * (12 * ratings.values.length + perFold) + users + Math.min(experiment.concurrency, trainings) * weights;
  return { fits, trainings, steps: Math.round(steps), bytes };
}

/** The same in words. */
export function costText({ fits, trainings, steps, bytes }: ExperimentCost): string {
  const parts = [
    ...(fits > 0 ? [`${fits} fits of recommenders that are not neural`] : []),
    ...(trainings > 0 ? [`${trainings} trainings of neural recommenders, ${steps} steps at most`] : []),
    `about ${Math.max(1, Math.round(bytes / 2 ** 20))} MiB in addition to the ratings that were read`,
  ];
  return `all points take ${parts.join(', ')}; the progress shows the time left`;
}
