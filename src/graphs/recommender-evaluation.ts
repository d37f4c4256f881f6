import { checkOneOf } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { ItemStore } from '../io/dataset/item-store.ts';
import { readGivenSplit } from '../io/ratings/given-split.ts';
import { type ImplicitRule, implicitScale, implicitThreshold } from '../io/ratings/implicit.ts';
import { readMovies } from '../io/ratings/movies.ts';
import { meanRating, observedScale } from '../io/ratings/rating-table.ts';
import { scaleDoubts } from '../io/ratings/scale-doubts.ts';
import { readTrailers } from '../io/ratings/trailers.ts';
import { withValidation } from '../io/ratings/validation.ts';
import { evaluateOnCatalogue, type Protocol } from './catalogue-evaluation.ts';
import { decimalRatings } from './decimal-ratings.ts';
import {
  type EvaluationReport,
  peakRssBytes,
  readingOf,
  type ScoringOptions,
  scorePredictions,
  scoringOptions,
} from './evaluation.ts';
import type { Json } from './graph.ts';
import { catalogueOf, genresOf } from './recommenders/catalogue.ts';
import { featureDoubts } from './recommenders/feature-doubts.ts';
import { fitRecommender } from './recommenders/fit-recommender.ts';
import {
  checkRecommenderName,
  isNeuralRecommender,
  recommenderReadsFeatures,
} from './recommenders/recommender-names.ts';
import { checkRecommenderOptions } from './recommenders/recommender-options.ts';
import { testPredictions } from './test-predictions.ts';

/** A recommender, what it learns from and what it is tested on. */
export interface RecommenderEvaluationOptions extends ScoringOptions {
  /**
   * Files of ratings in any known form: MovieLens 100K's `u1.base` and `u1.test`, CSV, Parquet, ...
   */
  readonly train: string;
  readonly test: string;
  /**
   * For early stopping of neural recommenders. Default: a tenth of the training ratings, drawn by
   * the seed.
   */
  readonly validation?: string | undefined;
  /** One of `recommenderNames`. */
  readonly recommender: string;
  /** Options of the recommender (`recommenderOptions`). */
  readonly options?: Readonly<Record<string, Json>> | undefined;
  /**
   * `catalogue` also lists, for each user, the first of all items that the user has not rated in
   * training: `topN` of the report, at `ks` or else 10, 20 and 50. Time is that of users x items
   * predictions. Default `rated`.
   */
  readonly protocol?: Protocol | undefined;
  /** Takes ratings for what was chosen (see `readRatings`); `threshold` is then 0.5 by default. */
  readonly implicit?: ImplicitRule | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** A training store of features, for the recommenders that read them. */
  readonly features?: string | undefined;
  /** A trailer list, where the features are those of trailers. */
  readonly trailers?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const known: KnownOptions<RecommenderEvaluationOptions> = {
  ...scoringOptions,
  train: true,
  test: true,
  validation: true,
  recommender: true,
  options: true,
  seed: true,
  features: true,
  trailers: true,
  signal: true,
  implicit: true,
  protocol: true,
};

/**
 * Fits a recommender on a file of ratings and scores its predictions of another one, both in file
 * order. A recommender that is not neural learns from all training ratings; a neural recommender
 * leaves its validation part out.
 *
 * @throws UsageError when an option or a file is wrong, or a rating is in both files; what
 * `fitRecommender` throws.
 *
 * @example
 * const report = await evaluateRecommender({ train: 'u1.base', test: 'u1.test', recommender: 'item-knn', options: { neighbours: 40 } });
 * console.log(report.rmse, report.trainSeconds);
 */
export async function evaluateRecommender(options: RecommenderEvaluationOptions): Promise<EvaluationReport> {
  checkKnownOptions('evaluateRecommender', options, known);
  const model = checkRecommenderName(options.recommender);
  const recommenderOptions = checkRecommenderOptions(model, options.options ?? {});
  const { train, test, validation, seed = 1, skipBadLines = false, ks, thresholdRule, signal, implicit } = options;
  const byCatalogue = checkOneOf('protocol', options.protocol ?? 'rated', ['rated', 'catalogue']) === 'catalogue';
  const threshold = options.threshold ?? (implicit === undefined ? undefined : implicitThreshold);
  if (recommenderReadsFeatures(model, recommenderOptions) && options.features === undefined) {
    throw new UsageError(`recommender ${model} needs \`features\``, {
      option: 'features',
      remedy: "Give what `reduce` has written: `features: 'reduced/'`.",
    });
  }
  const files = { train, test, ...(validation !== undefined && { validation }) };
  const { prediction: _prediction, ...columns } = options.columns ?? {};
  const reading = { ...readingOf(options), columns, implicit, ...(options.scale && { scale: options.scale }) };
  const { scenario, reports } = await readGivenSplit(files, reading);
  const { ratings } = scenario;
  const [given] = scenario.splits;
  if (given === undefined) throw new Error('a given split has one split');
  const drawn = isNeuralRecommender(model) && validation === undefined;
  const split = drawn ? withValidation(ratings, given, {}, seed) : given;
  const scale = implicit === undefined ? (options.scale ?? observedScale(ratings.values)) : implicitScale;
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
    const fitting = {
      recommender: model,
      options: recommenderOptions,
      seed,
      ...(options.signal && { signal: options.signal }),
    };
    const fitted = await fitRecommender(data, fitting);
    try {
      const { users, items, predictions, predictSeconds } = await testPredictions(fitted.predict, ratings, split.test);
      const trainMean = meanRating(ratings, split.train);
      const values = Float32Array.from(split.test, (row) => ratings.values[row] as number);
      const tested = {
        predicts: fitted.predicts,
        users,
        items,
        ratings: decimalRatings(values),
        predictions,
        itemIds: ratings.itemIds,
        trainMean,
        mayBeAlike: byCatalogue,
      };
      const scored = await scorePredictions(tested, { ...options, threshold, scale });
      const topN = byCatalogue
        ? await evaluateOnCatalogue(fitted, ratings, split, { ks, threshold, thresholdRule, seed, signal })
        : undefined;
      const { trainSeconds } = fitted;
      const learnt = Float32Array.from(split.train, (row) => ratings.values[row] as number);
      return {
        ...scored,
        warnings: [...new Set([...scaleDoubts(learnt), ...featureDoubts(features), ...scored.warnings])],
        ...(topN && { topN }),
        model,
        trainSeconds,
        predictSeconds,
        peakRssBytes: peakRssBytes(),
        files: reports,
      };
    } finally {
      await fitted.close?.();
    }
  } finally {
    await features?.close();
  }
}
