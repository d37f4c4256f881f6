import type { FittedRecommender, RefitPlan } from './fit-data.ts';

/** Ratings per step of a neural recommender unless told otherwise. */
export const usualBatch = 128;

/**
 * The plan of learning from all rows after a fit that a part of them stopped: as many epochs over
 * more rows as come nearest to the best number of steps, each at the rate in force at the same
 * share of the way.
 *
 * @param rows how many there are to learn from now; undefined where more rows take no more steps.
 * @param batch ratings per step, if told.
 */
export function planOf(
  { history, best }: Pick<FittedRecommender, 'history' | 'best'>,
  rows?: number,
  batch?: unknown,
): RefitPlan {
  const last = best && history[best.epoch];
  if (best === undefined || last === undefined) {
    throw new Error('a neural recommender that was judged has a best epoch');
  }
  const stepsPerEpoch = rows && Math.ceil(rows / (typeof batch === 'number' ? batch : usualBatch));
  const epochs = stepsPerEpoch === undefined ? best.epoch + 1 : Math.max(1, Math.round(last.steps / stepsPerEpoch));
  const rates = Array.from({ length: epochs }, (_, epoch) => {
    const at = Math.min(best.epoch, Math.floor((epoch * (best.epoch + 1)) / epochs));
    return history[at]?.learningRate ?? last.learningRate;
  });
  return { epochs, rates };
}
