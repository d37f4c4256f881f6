import { checkInteger } from '../../core/check.ts';
import { fitClassicModel } from './classic-model.ts';
import { fitDeepModel } from './deep-model.ts';
import { checkFitData, type FitData, type FitOptions, type FittedModel } from './fit-data.ts';
import { checkModelName, isDeepModel } from './model-names.ts';
import { checkModelOptions } from './model-options.ts';

/**
 * Fits any recommender by its name. Learns from the rows `train` alone; a network stops early by the rows `validation`.
 * A network trains in a thread of its own until `close`; several run side by side. The others learn at once, and hold the thread meanwhile.
 *
 * @throws UsageError for an unknown model or option (it lists the known ones), a value out of range, rows that are not the table's;
 * MissingFeaturesError when an item has no features; what `Trainer.fit` throws; the reason of `signal`.
 * @example
 * const model = await fitModel({ ratings, train, validation, scale }, { model: 'item-knn', options: { k: 40 }, seed: 1 });
 * const predictions = await model.predict(users, items);
 * await model.close?.();
 */
export async function fitModel(data: FitData, options: FitOptions): Promise<FittedModel> {
  const model = checkModelName(options.model);
  const checked = checkModelOptions(model, options.options);
  const seed = checkInteger('seed', options.seed, 0, 0xffffffff);
  checkFitData(data);
  options.signal?.throwIfAborted();
  if (isDeepModel(model)) return fitDeepModel(model, checked, data, { ...options, seed });
  return fitClassicModel(model, checked, seed, data);
}
