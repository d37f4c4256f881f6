import { checkInteger } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { fitClassicRecommender } from './classic-recommender.ts';
import { fitDefinedRecommender } from './defined-recommender-fit.ts';
import { checkFitData, type FitData, type FitOptions, type FittedRecommender } from './fit-data.ts';
import { fitNeuralRecommender } from './neural-recommender-fit.ts';
import { checkRecommenderName, isDefinedRecommender, isNeuralRecommender } from './recommender-names.ts';
import { checkRecommenderOptions } from './recommender-options.ts';

const known: KnownOptions<FitOptions> = {
  recommender: true,
  options: true,
  seed: true,
  signal: true,
  checkpoint: true,
  dataIdentity: true,
  logDirectory: true,
  onProgress: true,
  onMessage: true,
  refit: true,
  device: true,
};

/**
 * Fits any recommender by its name. Learns only from the rows `train`; a neural recommender uses
 * the rows `validation` for early stopping. A neural recommender trains in its own thread, which
 * lives until `close`; several can run side by side. The others learn immediately and block the
 * thread while they do.
 *
 * @throws UsageError for an unknown recommender or option (it lists the known ones), a value out of
 * range, rows that are not in the table; MissingFeaturesError when an item has no features; what
 * `Trainer.fit` throws; the reason of `signal`.
 * @example
 * const rows = { ratings, train: Int32Array.of(0, 1, 2), validation: Int32Array.of(3) };
 * const scale = { minimum: 0.5, maximum: 5 };
 * const fitting = { recommender: 'item-knn', options: { k: 40 }, seed: 1 };
 * const recommender = await fitRecommender({ ...rows, scale }, fitting);
 * const predictions = await recommender.predict(users, items);
 * await recommender.close?.();
 */
export async function fitRecommender(data: FitData, options: FitOptions): Promise<FittedRecommender> {
  checkKnownOptions('fitRecommender', options, known);
  const model = checkRecommenderName(options.recommender);
  const checked = checkRecommenderOptions(model, options.options);
  const seed = checkInteger('seed', options.seed, 0, 0xffffffff);
  checkFitData(data);
  options.signal?.throwIfAborted();
  if (isDefinedRecommender(model)) return fitDefinedRecommender(model, checked, data, { ...options, seed });
  if (isNeuralRecommender(model)) return fitNeuralRecommender(model, checked, data, { ...options, seed });
  return fitClassicRecommender(model, checked, seed, data, options);
}
