import { joinRows } from '../../io/ratings/subset.ts';
import { metricNames } from '../../models/metrics/metrics.ts';
import type { Json } from '../graph.ts';
import {
  classicRecord,
  neuralPartsOf,
  type RecommenderName,
  trainsInEpochs,
} from '../recommenders/recommender-names.ts';
import { trainingCost } from '../recommenders/training-cost.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentData } from './experiment-data.ts';
import { experimentPlaces } from './experiment-points.ts';
import type { ScenarioData } from './experiment-scenarios.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { resolvedOptions } from './resolved-options.ts';
import { searchRounds } from './search.ts';
import { streamsOf } from './streams-of.ts';

const nothing = new Int32Array(0);

/** The cost of a run, as far as it can be known in advance. */
export interface ExperimentCost {
  /**
   * Fits of recommenders that do not train in epochs themselves, including trials on the validation
   * part.
   */
  readonly fits: number;
  /**
   * Trainings in epochs, of the other recommenders and of neural parts, and the maximum number of
   * steps of all of them together.
   */
  readonly trainings: number;
  readonly steps: number;
  /** Approximate bytes of ratings, splits, values of users and concurrent trainings. */
  readonly bytes: number;
  /**
   * Whether that is everything; if not, trainings whose memory cannot be known in advance are
   * missing.
   */
  readonly isWhole: boolean;
}

/** The cost of all points of an experiment, estimated from the first fold of its first scenario. */
export function experimentCost(
  experiment: Experiment,
  entries: readonly ExperimentEntry[],
  { scenario }: Pick<ScenarioData, 'scenario'>,
  data: Pick<ExperimentData, 'features' | 'scale'>,
): ExperimentCost {
  const places = experimentPlaces(experiment).length;
  const { ratings, splits } = scenario;
  const [first] = splits;
  const judged = (first?.validation.length ?? 0) > 0;
  const rows = joinRows([first?.train ?? nothing, first?.validation ?? nothing]);
  const all = { ratings, scale: data.scale, train: rows, validation: nothing };
  let [fits, trainings, steps, largest, isWhole] = [0, 0, 0, 0, true];
  for (const { recommender: model, candidates } of entries) {
    const rounds = candidates.length > 1 ? searchRounds(candidates.length, experiment.search) : [];
    const trials = rounds.reduce((sum, round) => sum + round.candidates, 0);
    const own = places * (trials + (judged && experiment.refit && candidates.length === 1 ? 2 : 1));
    if (!trainsInEpochs(model)) fits += own;
    const whole = rounds.reduce((sum, { candidates: count, share }) => sum + count * share, 0);
    for (const { options, features } of candidates) {
      for (const { name, options: its, times } of trained(model, options)) {
        const { epochs } = resolvedOptions(name, its);
        const { stepsPerEpoch, bytes } = trainingCost(name, its, all, streamsOf(data, features));
        const wholes = (places * (whole + own / places - trials)) / candidates.length;
        steps += times * wholes * Number(epochs) * stepsPerEpoch;
        trainings += (times * own) / candidates.length;
        largest = Math.max(largest, bytes ?? 0);
        isWhole &&= bytes !== undefined;
      }
    }
  }
  const perFold = 4 * ratings.values.length * splits.length;
  const users =
    8 * ratings.userIds.length * (metricNames('first-k').length * experiment.k.length + 10) * entries.length;
  const bytes =
    2 * (12 * ratings.values.length + perFold) + users + Math.min(experiment.concurrency, trainings) * largest;
  return { fits, trainings: Math.round(trainings), steps: Math.round(steps), bytes, isWhole };
}

/**
 * What trains in epochs when a recommender is fitted, and how often: itself, or its neural parts,
 * each of which learns twice: from a part of the ratings, to find how long, and from all.
 */
function trained(model: RecommenderName, options: Readonly<Record<string, Json>>) {
  if (trainsInEpochs(model)) return [{ name: model, options, times: 1 }];
  const times = 2 * (classicRecord(model).partFits?.(options) ?? 1);
  return neuralPartsOf(model, options).map((part) => ({ ...part, times }));
}

/** The same in words. */
export function costText({ fits, trainings, steps, bytes, isWhole }: ExperimentCost): string {
  const parts = [
    ...(fits > 0 ? [`${fits} fits of recommenders that do not train in epochs themselves`] : []),
    ...(trainings > 0 ? [`${trainings} trainings in epochs, ${steps} steps at most`] : []),
    `${isWhole ? 'about' : 'more than'} ${Math.max(1, Math.round(bytes / 2 ** 20))} MiB in addition to the ratings that were read`,
  ];
  return `all points take ${parts.join(', ')}; the progress shows the time left`;
}
