import { UsageError } from '../core/errors.ts';
import { ItemStore } from '../io/dataset/item-store.ts';
import { readGivenSplit } from '../io/ratings/given-split.ts';
import { readMovies } from '../io/ratings/movies.ts';
import { observedScale } from '../io/ratings/rating-table.ts';
import { readTrailers } from '../io/ratings/trailers.ts';
import { withValidation } from '../io/ratings/validation.ts';
import { decimalRatings } from './decimal-ratings.ts';
import { type EvaluationReport, peakRssBytes, readingOf, type ScoringOptions, scorePredictions } from './evaluation.ts';
import type { Json } from './graph.ts';
import { catalogueOf, genresOf } from './recommenders/catalogue.ts';
import { fitModel } from './recommenders/fit-model.ts';
import { checkModelName, isDeepModel, modelReadsFeatures } from './recommenders/model-names.ts';
import { checkModelOptions } from './recommenders/model-options.ts';
import { testPredictions } from './test-predictions.ts';

/** A model, what it learns from and what it is tested on. */
export interface ModelEvaluationOptions extends ScoringOptions {
  /** Files of ratings in any known form: MovieLens 100K's `u1.base` and `u1.test`, CSV, Parquet, ... */
  readonly train: string;
  readonly test: string;
  /** For early stopping of networks. Default: a tenth of the training ratings, drawn by the seed. */
  readonly validation?: string | undefined;
  /** One of `modelNames`. */
  readonly model: string;
  /** Options of the model (`modelOptions`). */
  readonly options?: Readonly<Record<string, Json>> | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** A training store of features, for the models that read them. */
  readonly features?: string | undefined;
  /** A trailer list, where the features are those of trailers. */
  readonly trailers?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fits a model on a file of ratings and scores its predictions of another one, both in file order. A model without a
 * network learns from all training ratings; a network leaves its validation part out.
 *
 * @throws UsageError when an option or a file is wrong, or a rating is in both files; what `fitModel` throws.
 *
 * @example
 * const report = await evaluateModel({ train: 'u1.base', test: 'u1.test', model: 'item-knn', options: { neighbours: 40 } });
 * console.log(report.rmse, report.trainSeconds);
 */
export async function evaluateModel(options: ModelEvaluationOptions): Promise<EvaluationReport> {
  const model = checkModelName(options.model);
  const modelOptions = checkModelOptions(model, options.options ?? {});
  const { train, test, validation, seed = 1, skipBadLines = false } = options;
  if (modelReadsFeatures(model) && options.features === undefined) {
    throw new UsageError(`model ${model} needs \`features\``, {
      option: 'features',
      remedy: "Give a training store that `reduce` has written: `features: 'reduced/items.arrow'`.",
    });
  }
  const files = { train, test, ...(validation !== undefined && { validation }) };
  const { prediction: _prediction, ...columns } = options.columns ?? {};
  const reading = { ...readingOf(options), columns, ...(options.scale && { scale: options.scale }) };
  const { scenario, reports } = await readGivenSplit(files, reading);
  const { ratings } = scenario;
  const [given] = scenario.splits;
  if (given === undefined) throw new Error('a given split has one split');
  const drawn = isDeepModel(model) && validation === undefined;
  const split = drawn ? withValidation(ratings, given, {}, seed) : given;
  const scale = options.scale ?? observedScale(ratings.values);
  const movies = options.movies === undefined ? undefined : (await readMovies(options.movies, { skipBadLines })).movies;
  const genres = movies && genresOf(catalogueOf(ratings.itemIds, movies));
  const trailers = options.trailers === undefined ? undefined : await readTrailers(options.trailers, { skipBadLines });
  const features = options.features === undefined ? undefined : await ItemStore.open(options.features);
  try {
    const data = {
      ratings,
      train: split.train,
      validation: split.validation,
      scale,
      ...(genres && { genres }),
      ...(features && { features }),
      ...(trailers && { trailers }),
    };
    const fitting = { model, options: modelOptions, seed, ...(options.signal && { signal: options.signal }) };
    const fitted = await fitModel(data, fitting);
    try {
      const { users, items, predictions, predictSeconds } = await testPredictions(fitted, ratings, split.test);
      const values = Float32Array.from(split.test, (row) => ratings.values[row] as number);
      const tested = { users, items, ratings: decimalRatings(values), predictions, itemIds: ratings.itemIds };
      const scored = await scorePredictions(tested, { ...options, scale });
      const { trainSeconds } = fitted;
      return { ...scored, model, trainSeconds, predictSeconds, peakRssBytes: peakRssBytes(), files: reports };
    } finally {
      await fitted.close?.();
    }
  } finally {
    await features?.close();
  }
}
