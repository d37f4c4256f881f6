import { checkOneOf } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { readGivenSplit } from '../io/ratings/given-split.ts';
import { type ImplicitRule, implicitScale, implicitThreshold } from '../io/ratings/implicit.ts';
import { readMovies } from '../io/ratings/movies.ts';
import { meanRating, observedScale, type RatingTable } from '../io/ratings/rating-table.ts';
import { scaleDoubts } from '../io/ratings/scale-doubts.ts';
import type { Split } from '../io/ratings/split.ts';
import { moviesWithFeatures, readTrailers } from '../io/ratings/trailers.ts';
import { withValidation } from '../io/ratings/validation.ts';
import { usualLengths } from '../models/metrics/evaluate.ts';
import { type CatalogueUser, usualCatalogueLengths } from '../models/metrics/evaluate-catalogue.ts';
import { CatalogueUserValues, ofScores, UserValues } from '../models/metrics/user-values.ts';
import { evaluateOnCatalogue, type Protocol } from './catalogue-evaluation.ts';
import { decimalRatings } from './decimal-ratings.ts';
import {
  type EvaluationReport,
  peakRssBytes,
  readingOf,
  readUserFacts,
  type ScoringOptions,
  scorePredictions,
  scoringOptions,
} from './evaluation.ts';
import type { Json } from './graph.ts';
import { openTrainingFeatures } from './import/training-store.ts';
import { loadMetricModules } from './metric-modules.ts';
import { catalogueOf, genresOf } from './recommenders/catalogue.ts';
import { featureDoubts } from './recommenders/feature-doubts.ts';
import { fitRecommender } from './recommenders/fit-recommender.ts';
import { idleOptions } from './recommenders/idle-options.ts';
import { privacyOptions } from './recommenders/private-options.ts';
import {
  checkRecommenderName,
  type RecommenderName,
  readsTimes,
  recommenderReadsFeatures,
  trainsInEpochs,
} from './recommenders/recommender-names.ts';
import { checkRecommenderOptions } from './recommenders/recommender-options.ts';
import { testPredictions } from './test-predictions.ts';
import { groupDoubts, groupsOfUsers } from './user-groups.ts';

/** A recommender, what it learns from and what it is tested on. */
export interface RecommenderEvaluationOptions extends ScoringOptions {
  /**
   * Files of ratings in any known format: MovieLens 100K's `u1.base` and `u1.test`, CSV, Parquet,
   * ...
   */
  readonly train: string;
  readonly test: string;
  /**
   * Ratings for early stopping of neural recommenders. Default: a tenth of the training ratings,
   * drawn with the seed.
   */
  readonly validation?: string | undefined;
  /** One of `recommenderNames`. */
  readonly recommender: string;
  /** Options of the recommender (`recommenderOptions`). */
  readonly options?: Readonly<Record<string, Json>> | undefined;
  /**
   * `catalogue` also ranks, for each user, all items that the user has not rated in training:
   * `topN` of the report, at `ks` or else 10, 20 and 50. This takes the time of users x items
   * predictions. Default `rated`.
   */
  readonly protocol?: Protocol | undefined;
  /** Treats ratings as choices (see `readRatings`); `threshold` is then 0.5 by default. */
  readonly implicit?: ImplicitRule | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** A training store of features, for the recommenders that read them. */
  readonly features?: string | undefined;
  /** A trailer list, if the features are those of trailers. */
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
 * Fits a recommender on a file of ratings and scores its predictions for another, both in file
 * order. A recommender that is not neural learns from all training ratings; a neural one leaves out
 * its validation part.
 *
 * @throws UsageError when an option or a file is wrong, or a rating is in both files; what
 * `fitRecommender` throws.
 *
 * @example
 * const report = await evaluateRecommender({
 *   train: 'u1.base',
 *   test: 'u1.test',
 *   recommender: 'item-knn',
 *   options: { neighbours: 40 },
 * });
 * console.log(report.rmse, report.trainSeconds);
 */
export async function evaluateRecommender(options: RecommenderEvaluationOptions): Promise<EvaluationReport> {
  checkKnownOptions('evaluateRecommender', options, known);
  await loadMetricModules(options.metrics);
  const model = checkRecommenderName(options.recommender);
  const recommenderOptions = checkRecommenderOptions(model, options.options ?? {});
  const { train, test, validation, seed = 1, skipBadLines = false, ks, thresholdRule, signal, implicit } = options;
  const byCatalogue = checkOneOf('protocol', options.protocol ?? 'rated', ['rated', 'catalogue']) === 'catalogue';
  const threshold = options.threshold ?? (implicit === undefined ? undefined : implicitThreshold);
  if (recommenderReadsFeatures(model, recommenderOptions) && options.features === undefined) {
    throw new UsageError(`recommender ${model} needs \`features\``, {
      option: 'features',
      remedy: "Give the directory that `reduce` wrote: `features: 'reduced/'`.",
    });
  }
  const files = { train, test, validation };
  const { prediction: _prediction, ...columns } = options.columns ?? {};
  const timestamps = readsTimes(model, recommenderOptions);
  const reading = { ...readingOf(options), columns, implicit, scale: options.scale, timestamps };
  const { scenario, reports } = await readGivenSplit(files, reading);
  const { ratings } = scenario;
  const scale = implicit === undefined ? (options.scale ?? observedScale(ratings.values)) : implicitScale;
  const movies = options.movies === undefined ? undefined : (await readMovies(options.movies, { skipBadLines })).movies;
  const catalogue = catalogueOf(ratings.itemIds, movies);
  const genres = movies && genresOf(catalogue);
  const userFacts = await readUserFacts(options);
  const trailers = options.trailers === undefined ? undefined : await readTrailers(options.trailers, { skipBadLines });
  const opened = options.features === undefined ? undefined : await openTrainingFeatures(options.features, { signal });
  const features = opened?.store;
  try {
    const readsFeatures = recommenderReadsFeatures(model, recommenderOptions);
    const judged = readsFeatures && features ? moviesWithFeatures(features.itemIds, trailers) : undefined;
    const { split: given, leftOut } = ofItems(ratings, scenario.splits[0] as Split, judged);
    // A private training ends when its epochs do.
    const drawn = trainsInEpochs(model) && validation === undefined && privacyOptions(recommenderOptions) === undefined;
    const split = drawn ? withValidation(ratings, given, {}, seed) : given;
    const data = {
      ratings,
      train: split.train,
      validation: split.validation,
      scale,
      genres,
      titles: catalogue.map(({ title = '' }) => title),
      userFacts,
      features,
      trailers,
    };
    const fitting = {
      recommender: model,
      options: recommenderOptions,
      seed,
      signal: options.signal,
    };
    const fitted = await fitRecommender(data, fitting);
    try {
      const { users, items, predictions, predictSeconds } = await testPredictions(fitted.predict, ratings, split.test);
      const trainMean = meanRating(ratings, split.train);
      const userValues = userFacts && new UserValues(ks ?? usualLengths);
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
        userValues,
      };
      const scored = await scorePredictions(tested, { ...options, threshold, scale }, scaleDoubts(ratings.values));
      const ofUsers =
        userValues && (fitted.predicts === 'scores' ? ofScores(userValues.result()) : userValues.result());
      const listed =
        ofUsers && byCatalogue ? new CatalogueUserValues(ofUsers.users, ks ?? usualCatalogueLengths) : undefined;
      const onUser = listed && ((user: number, list: CatalogueUser) => listed.add(user, list));
      const topN = byCatalogue
        ? await evaluateOnCatalogue(fitted, ratings, split, { ks, threshold, thresholdRule, seed, signal, onUser })
        : undefined;
      const groups =
        userFacts &&
        ofUsers &&
        groupsOfUsers(
          userFacts,
          ratings.userIds,
          { users: ofUsers.users, values: { ...ofUsers.values, ...listed?.result() } },
          scored.undefined,
        );
      const { trainSeconds } = fitted;
      return {
        ...scored,
        leftOut,
        warnings: [
          ...new Set([
            ...featureDoubts(features),
            ...(leftOut.ratings > 0
              ? [
                  `${leftOut.ratings} ratings of ${leftOut.items} items without features are left out, of training and test`,
                ]
              : []),
            ...idleSources(options, model, readsFeatures),
            ...idleOptions(model, recommenderOptions),
            ...groupDoubts(groups),
            ...scored.warnings,
          ]),
        ],
        topN,
        groups,
        recommender: model,
        trainSeconds,
        predictSeconds,
        peakRssBytes: peakRssBytes(),
        files: reports,
      };
    } finally {
      await fitted.close?.();
    }
  } finally {
    await opened?.close();
  }
}

/**
 * The rows of a split whose items are in a set; a recommender that reads features can judge no
 * others.
 */
function ofItems(
  { items, itemIds }: RatingTable,
  split: Split,
  wanted: ReadonlySet<string> | undefined,
): { readonly split: Split; readonly leftOut: { readonly ratings: number; readonly items: number } } {
  if (wanted === undefined) return { split, leftOut: { ratings: 0, items: 0 } };
  const has = Uint8Array.from(itemIds, (id) => (wanted.has(id) ? 1 : 0));
  const kept = (rows: Int32Array) => rows.filter((row) => has[items[row] as number] === 1);
  const [train, validation, test] = [kept(split.train), kept(split.validation), kept(split.test)];
  for (const [name, rows] of Object.entries({ train, test })) {
    if (rows.length > 0) continue;
    throw new UsageError(`none of the items of \`${name}\` has features`, {
      code: 'missing-features',
      remedy: 'If the features have ids of trailers, give the list that maps them to items as `trailers`.',
    });
  }
  const parts = [split.train, split.validation, split.test];
  const without = parts.flatMap((rows) => [...rows]).filter((row) => has[items[row] as number] === 0);
  const leftOut = { ratings: without.length, items: new Set(without.map((row) => items[row])).size };
  return { split: { ...split, train, validation, test }, leftOut };
}

/** One sentence for each option that was given but has no effect on this recommender. */
function idleSources(
  { features, trailers, validation }: RecommenderEvaluationOptions,
  model: RecommenderName,
  readsFeatures: boolean,
): string[] {
  return [
    ...(features !== undefined && !readsFeatures ? [`\`features\` have no effect: ${model} reads none`] : []),
    ...(trailers !== undefined && !readsFeatures ? [`\`trailers\` have no effect: ${model} reads no features`] : []),
    ...(validation !== undefined && !trainsInEpochs(model)
      ? [`\`validation\` has no effect: ${model} does not train in epochs, and does not learn from it`]
      : []),
  ];
}
