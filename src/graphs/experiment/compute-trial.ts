import type { FitOptions, FittedRecommender } from '../recommenders/fit-data.ts';
import { fitRecommender } from '../recommenders/fit-recommender.ts';
import { validationWarnings } from '../recommenders/validation-figures.ts';
import type { Experiment } from './experiment-config.ts';
import type { ExperimentPlace } from './experiment-points.ts';
import { type FoldData, shareOfTraining } from './fold-data.ts';
import type { TrialResult } from './point-result.ts';
import type { RecommenderVariant } from './recommender-variants.ts';
import { listAll, scoreRows } from './score-rows.ts';

/** What a fit receives in addition to its data. */
export type FitRun = Pick<FitOptions, 'signal' | 'device' | 'logDirectory' | 'onProgress' | 'onMessage'>;

/**
 * Fits a recommender on the training rows of a fold, or a share of them, with the validation rows
 * held out; the caller closes the recommender.
 */
export function fitBesideValidation(
  fold: FoldData,
  { recommender: model, options }: RecommenderVariant,
  place: ExperimentPlace,
  run: FitRun,
  share = 1,
): Promise<FittedRecommender> {
  const train = shareOfTraining(fold, share, place.splitSeed);
  const data = { ...fold.fitting, train, validation: fold.split.validation };
  return fitRecommender(data, { recommender: model, options, seed: place.seed, ...run });
}

/**
 * Scores a recommender on the validation rows, which it has not learnt from; undefined if there are
 * none.
 */
export async function judge(
  fitted: FittedRecommender,
  fold: FoldData,
  place: ExperimentPlace,
  experiment: Experiment,
  run: FitRun,
  share = 1,
): Promise<TrialResult | undefined> {
  const { name, train, validation } = fold.split;
  if (validation.length === 0) return undefined;
  const { evaluation, userMetrics } = await scoreRows(fitted, fold, validation, experiment);
  const { history, best, trainSeconds } = fitted;
  const warnings = fitted.validation && validationWarnings(fitted.validation);
  const found = { evaluation, share, trainSeconds, history, best, warnings };
  if (experiment.protocol === 'rated' || evaluation.users.withoutRelevant === evaluation.users.evaluated) return found;
  // Here the validation part acts as the test part: its items are to be found, not left out.
  const split = { name, train, validation: new Int32Array(0), test: validation };
  const { topN } = await listAll(fitted, { ...fold, split }, userMetrics.users, experiment, place.seed, run.signal);
  return { ...found, topN };
}

/** Fits a recommender and scores it on the validation rows; the test rows are not touched. */
export async function computeTrial(
  fold: FoldData,
  variant: RecommenderVariant,
  place: ExperimentPlace,
  experiment: Experiment,
  run: FitRun,
  share = 1,
): Promise<TrialResult | undefined> {
  const fitted = await fitBesideValidation(fold, variant, place, run, share);
  try {
    return await judge(fitted, fold, place, experiment, run, share);
  } finally {
    await fitted.close?.();
  }
}
