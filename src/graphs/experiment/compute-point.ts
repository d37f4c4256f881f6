import { join } from 'node:path';
import { peakRssBytes } from '../evaluation.ts';
import type { FittedRecommender } from '../recommenders/fit-data.ts';
import { fitRecommender } from '../recommenders/fit-recommender.ts';
import { implicitOptions } from '../recommenders/implicit-options.ts';
import { trainsInEpochs } from '../recommenders/recommender-names.ts';
import { refitFromAll } from '../recommenders/refit-plan.ts';
import { computeTrial, type FitRun, fitBesideValidation, judge } from './compute-trial.ts';
import { environment } from './environment.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentPoint } from './experiment-points.ts';
import type { FoldData } from './fold-data.ts';
import type { PointMeasurements, TrialResult } from './point-result.ts';
import { resolvedOptions } from './resolved-options.ts';
import { listAll, type RowScores, scoreRows } from './score-rows.ts';

/** The results of a point, including what is kept in separate files. */
export interface ComputedPoint {
  readonly measurements: PointMeasurements;
  readonly scores: RowScores;
}

/**
 * Fits the recommender of a point and scores it on the point's test rows. All recommenders learn
 * from the same rows: with `refit` the validation part decides when to stop and is then used for
 * training as well; without it no recommender learns from it.
 *
 * @param known the result on the validation part, if it has already been computed.
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
  if (refits) trial ??= await computeTrial(fold, variant, point, experiment, beside(heard(run, () => {})));
  const warnings: string[] = [];
  const tested = heard(run, (warning) => warnings.push(warning));
  const fitted = refits
    ? await refit(fold, point, trial, tested)
    : await fitBesideValidation(fold, variant, point, tested);
  try {
    if (!refits) trial ??= await judge(fitted, fold, point, experiment, run);
    const scores = await scoreRows(fitted, fold, fold.split.test, experiment);
    if (experiment.protocol === 'rated') {
      return { measurements: measurementsOf(point, fold, { refits, fitted, trial, warnings }, scores), scores };
    }
    const { topN, values } = await listAll(fitted, fold, scores.userMetrics.users, experiment, point.seed, run.signal);
    const { users, values: rated } = scores.userMetrics;
    const all = { ...scores, userMetrics: { users, values: { ...rated, ...values } } };
    return {
      measurements: { ...measurementsOf(point, fold, { refits, fitted, trial, warnings }, all), topN },
      scores: all,
    };
  } finally {
    await fitted.close?.();
  }
}

/** Warnings of a fit are said once for all points at the end, not in the log of each. */
function heard(run: FitRun, take: (warning: string) => void): FitRun {
  const { onMessage } = run;
  return {
    ...run,
    onMessage: (line, about) => (about?.isWarning ? take(line.replace(/^warning: /, '')) : onMessage?.(line, about)),
  };
}

/** Logs the fit that is only validated next to the fit that is tested. */
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
  return refitFromAll(fitRecommender, { ...fitting, train, validation }, { recommender, options, seed, ...run }, trial);
}

function measurementsOf(
  { variant }: ExperimentPoint,
  { scenario, split, fitting }: FoldData,
  {
    refits,
    fitted,
    trial,
    warnings,
  }: {
    readonly refits: boolean;
    readonly fitted: FittedRecommender;
    readonly trial: TrialResult | undefined;
    readonly warnings: readonly string[];
  },
  { evaluation, precisionRecall, predictSeconds }: RowScores,
): PointMeasurements {
  const { ratings, counts } = scenario;
  const values = Float32Array.from(split.train, (row) => ratings.values[row] as number);
  const learntOptions = trainsInEpochs(variant.recommender)
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
    warnings: warnings.length > 0 ? warnings : undefined,
    privacy: fitted.privacy,
    evaluation,
    precisionRecall,
  };
}
