import { join } from 'node:path';
import { joinRows } from '../../io/ratings/subset.ts';
import { peakRssBytes } from '../evaluation.ts';
import type { FittedRecommender, RefitPlan } from '../recommenders/fit-data.ts';
import { fitRecommender } from '../recommenders/fit-recommender.ts';
import { implicitOptions } from '../recommenders/implicit-options.ts';
import { isNeuralRecommender } from '../recommenders/recommender-names.ts';
import { computeTrial, type FitRun, fitBesideValidation, judge } from './compute-trial.ts';
import { environment } from './environment.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { FoldData } from './fold-data.ts';
import type { PointMeasurements, TrialResult } from './point-result.ts';
import { resolvedOptions } from './resolved-options.ts';
import { listAll, type RowScores, scoreRows } from './score-rows.ts';

/** Ratings per step of a neural recommender unless told otherwise. */
const usualBatch = 128;

/** What a point gave, and what is kept in files of its own. */
export interface ComputedPoint {
  readonly measurements: PointMeasurements;
  readonly scores: RowScores;
}

/**
 * Fits the recommender of a point and scores it on the point's test rows. All recommenders learn
 * from the same rows: with `refit` the validation part says when to stop and is then learnt from
 * too, else nobody learns from it.
 *
 * @param known what the validation part said of it, where that was asked before.
 * @throws what `fitRecommender` and `evaluate` throw; the reason of the signal.
 */
export async function computePoint(
  point: ExperimentPoint,
  fold: FoldData,
  experiment: Experiment,
  run: FitRun,
  known?: TrialResult,
): Promise<ComputedPoint> {
  const { variant } = point;
  const refits = experiment.refit && fold.split.validation.length > 0;
  let trial = known;
  if (refits) trial ??= await computeTrial(fold, variant, point, experiment, beside(run));
  const fitted = refits ? await refit(fold, point, trial, run) : await fitBesideValidation(fold, variant, point, run);
  try {
    if (!refits) trial ??= await judge(fitted, fold, point, experiment, run);
    const scores = await scoreRows(fitted, fold, fold.split.test, experiment);
    if (experiment.protocol === 'rated') {
      return { measurements: measurementsOf(point, fold, refits, fitted, trial, scores), scores };
    }
    const { topN, values } = await listAll(fitted, fold, scores.userMetrics.users, experiment, point.seed, run.signal);
    const { users, values: rated } = scores.userMetrics;
    const all = { ...scores, userMetrics: { users, values: { ...rated, ...values } } };
    return { measurements: { ...measurementsOf(point, fold, refits, fitted, trial, all), topN }, scores: all };
  } finally {
    await fitted.close?.();
  }
}

/** The course of the fit that is only judged is noted beside that of the one that is tested. */
function beside(run: FitRun): FitRun {
  const { logDirectory } = run;
  return logDirectory === undefined ? run : { ...run, logDirectory: join(logDirectory, 'validation') };
}

/** Learns from training and validation rows. */
function refit(
  { fitting, split }: FoldData,
  { variant, seed }: ExperimentPoint,
  trial: TrialResult | undefined,
  run: FitRun,
): Promise<FittedRecommender> {
  const { recommender, options } = variant;
  const { train, validation } = split;
  const all = joinRows([train, validation]);
  const how = { recommender, options, seed, ...run };
  if (!isNeuralRecommender(recommender)) {
    return fitRecommender({ ...fitting, train: all, validation: new Int32Array(0) }, how);
  }
  const batch = typeof options.batch === 'number' ? options.batch : usualBatch;
  return fitRecommender(
    { ...fitting, train, validation },
    { ...how, refit: planOf(trial, Math.ceil(all.length / batch)) },
  );
}

/**
 * As many epochs over more rows as come nearest to the steps that were best, each at the rate that
 * held at the same share of the way.
 */
export function planOf(trial: TrialResult | undefined, stepsPerEpoch: number): RefitPlan {
  const { history = [], best } = trial ?? {};
  const last = best && history[best.epoch];
  if (best === undefined || last === undefined) {
    throw new Error('a neural recommender that was judged has a best epoch');
  }
  const epochs = Math.max(1, Math.round(last.steps / stepsPerEpoch));
  const rates = Array.from({ length: epochs }, (_, epoch) => {
    const at = Math.min(best.epoch, Math.floor((epoch * (best.epoch + 1)) / epochs));
    return history[at]?.learningRate ?? last.learningRate;
  });
  return { epochs, rates };
}

function measurementsOf(
  { variant }: ExperimentPoint,
  { scenario, split, fitting }: FoldData,
  refits: boolean,
  fitted: FittedRecommender,
  trial: TrialResult | undefined,
  { evaluation, precisionRecall, predictSeconds }: RowScores,
): PointMeasurements {
  const { ratings, counts } = scenario;
  const values = Float32Array.from(split.train, (row) => ratings.values[row] as number);
  const learntOptions = isNeuralRecommender(variant.recommender)
    ? implicitOptions(variant.recommender, variant.options, values, fitting.scale)
    : variant.options;
  const learnt = new Set(Array.from(split.train, (row) => ratings.items[row] as number));
  if (refits) for (const row of split.validation) learnt.add(ratings.items[row] as number);
  const tested = new Set(Array.from(split.test, (row) => ratings.items[row] as number));
  return {
    counts: {
      train: split.train.length + (refits ? split.validation.length : 0),
      validation: split.validation.length,
      test: split.test.length,
      users: ratings.userIds.length,
      items: ratings.itemIds.length,
      ratings: ratings.values.length,
      usersWithFewer: counts.usersWithFewer ?? 0,
      testItems: tested.size,
      newTestItems: [...tested].filter((item) => !learnt.has(item)).length,
    },
    refit: refits,
    resolvedOptions: resolvedOptions(variant.recommender, learntOptions),
    environment: environment(),
    trainSeconds: fitted.trainSeconds,
    predictSeconds,
    peakRssBytes: peakRssBytes(),
    epochs: fitted.history.length,
    history: fitted.history,
    validation: trial,
    evaluation,
    precisionRecall,
  };
}
