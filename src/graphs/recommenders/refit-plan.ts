import { definedRecommender } from './defined-recommender-fit.ts';
import { rowsOf } from './epoch-training.ts';
import {
  type FitInputs,
  type FitOptions,
  type FittedRecommender,
  type RefitPlan,
  trainingRatings,
} from './fit-data.ts';
import { unitsOf } from './private-options.ts';
import { checkRecommenderName, isDefinedRecommender, trainsInEpochs } from './recommender-names.ts';
import { neuralSteps } from './training-cost.ts';

/** What a fit with validation ratings shows about how long to learn. */
export type JudgedFit = Pick<FittedRecommender, 'history' | 'best'>;

/**
 * Fits a recommender on training and validation rows. One that trains in epochs is first fitted on
 * the training rows alone: the validation rows determine how long to learn, then it learns from
 * both.
 *
 * @param learn the function that fits it: `fitRecommender`, unless it is part of another
 *   recommender.
 * @param judged the history of that first fit, if known; otherwise the fit is made here.
 * @throws what `learn` throws.
 *
 * @example
 * async function twice(data: FitInputs, learn: (data: FitInputs, options: FitOptions) => Promise<FittedRecommender>) {
 *   return await refitFromAll(learn, data, { recommender: 'sasrec', options: {}, seed: 1 });
 * }
 */
export async function refitFromAll<Data extends FitInputs>(
  learn: (data: Data, options: FitOptions) => Promise<FittedRecommender>,
  data: Data,
  options: FitOptions,
  judged?: JudgedFit,
): Promise<FittedRecommender> {
  if (!trainsInEpochs(checkRecommenderName(options.recommender))) return learn(rowsOf(data, true), options);
  const first = judged ?? (await judgedFit(learn, data, options));
  return learn(data, { ...options, refit: planOf(first, stepsPerEpoch(data, options)) });
}

async function judgedFit<Data extends FitInputs>(
  learn: (data: Data, options: FitOptions) => Promise<FittedRecommender>,
  data: Data,
  options: FitOptions,
): Promise<JudgedFit> {
  const fitted = await learn(data, options);
  await fitted.close?.();
  return { history: fitted.history, best: fitted.best };
}

/**
 * Steps of an epoch over training and validation rows. For a recommender that reads histories,
 * steps are over users or items, which may be no more than before.
 */
function stepsPerEpoch(data: FitInputs, { recommender, options }: FitOptions): number {
  const model = checkRecommenderName(recommender);
  const all = rowsOf(data, true);
  if (isDefinedRecommender(model))
    return definedRecommender(model, options).costOf(trainingRatings(all, all.train)).stepsPerEpoch;
  return neuralSteps(unitsOf(trainingRatings(all, all.train), options), options);
}

/**
 * The plan for learning from all rows after a fit that some of the rows ended: the number of epochs
 * that comes closest to the best number of steps, each at the learning rate that was in force at
 * the same share of the way.
 *
 * @param steps of an epoch over all rows.
 */
export function planOf({ history, best }: JudgedFit, steps: number): RefitPlan {
  const last = best && history[best.epoch];
  if (best === undefined || last === undefined) throw new Error('a fit with validation has a best epoch');
  const epochs = Math.max(1, Math.round(last.steps / steps));
  const rates = Array.from({ length: epochs }, (_, epoch) => {
    const at = Math.min(best.epoch, Math.floor((epoch * (best.epoch + 1)) / epochs));
    return history[at]?.learningRate ?? last.learningRate;
  });
  return { epochs, rates };
}
