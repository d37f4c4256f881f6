import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { checkScale, type RatingScale } from '../core/rating-scale.ts';
import type { UserFacts } from '../core/user-facts.ts';
import { readDemographics } from '../io/ratings/demographics.ts';
import { identifierRanks } from '../io/ratings/identifiers.ts';
import { readMovies } from '../io/ratings/movies.ts';
import { observedScale } from '../io/ratings/rating-table.ts';
import { readItemIds } from '../io/ratings/read-item-ids.ts';
import { readPredictions } from '../io/ratings/read-predictions.ts';
import type { RatingReport, ReadRatingsOptions } from '../io/ratings/read-ratings.ts';
import { scaleDoubts } from '../io/ratings/scale-doubts.ts';
import { unmatched } from '../io/ratings/unmatched.ts';
import { evaluate, usualLengths } from '../models/metrics/evaluate.ts';
import type { CatalogueEvaluation } from '../models/metrics/evaluate-catalogue.ts';
import type { GroupMeans } from '../models/metrics/group-means.ts';
import type { Evaluation, UndefinedRule } from '../models/metrics/metric-values.ts';
import type { ThresholdRule } from '../models/metrics/ranked-list.ts';
import { checkThreshold } from '../models/metrics/threshold-check.ts';
import { UserValues } from '../models/metrics/user-values.ts';
import type { Predicts } from '../models/recommenders/recommender.ts';
import { decimalRatings } from './decimal-ratings.ts';
import { loadMetricModules } from './metric-modules.ts';
import { catalogueOf, genresOf } from './recommenders/catalogue.ts';
import { groupDoubts, groupsOfUsers } from './user-groups.ts';

/** How predictions are scored. */
export interface ScoringOptions {
  /** List lengths. Default 4 and 10. */
  readonly ks?: readonly number[] | undefined;
  /** Default 3.5. */
  readonly threshold?: number | undefined;
  /** Default `gt`. */
  readonly thresholdRule?: ThresholdRule | undefined;
  /** Default `zero`. */
  readonly undefined?: UndefinedRule | undefined;
  /** The list of movies whose genres diversity is computed from. Without it diversity is NaN. */
  readonly movies?: string | undefined;
  /**
   * A file listing the items that could have been recommended, for coverage. Default: the distinct
   * test items.
   */
  readonly catalogue?: string | undefined;
  /**
   * A list of facts about the users (`readDemographics`): the report then shows how well each group
   * of them is served. Recommenders that read it also learn from it.
   */
  readonly demographics?: string | undefined;
  /** The scale of the ratings. Default: from the lowest to the highest rating. */
  readonly scale?: RatingScale | undefined;
  /** Skips bad lines of the files and counts them. */
  readonly skipBadLines?: boolean | undefined;
  /** Names of the columns, if they are not the usual ones. */
  readonly columns?:
    | {
        readonly user?: string | undefined;
        readonly item?: string | undefined;
        readonly rating?: string | undefined;
        readonly prediction?: string | undefined;
      }
    | undefined;
  /** Which of two ratings of an item by one user counts. Default: a second one is an error. */
  readonly duplicateRatings?: 'first' | 'last' | undefined;
  /** Modules that export metrics of your own; they are loaded, which runs them. */
  readonly metrics?: readonly string[] | undefined;
}

/** How the files of an evaluation are read. */
export function readingOf({
  skipBadLines = false,
  duplicateRatings,
}: ScoringOptions): Pick<ReadRatingsOptions, 'skipBadLines' | 'duplicateRatings'> {
  return { skipBadLines, duplicateRatings };
}

/** The metrics of predictions, and what they cost to compute. */
export interface EvaluationReport extends Evaluation {
  /** The scale that `nrmse` and `nmae` are divided by; both are NaN if it is a single value. */
  readonly scale: RatingScale;
  /** How many items could have been recommended. */
  readonly catalogue: number;
  /** Test items that the list of movies does not have; undefined without such a list. */
  readonly itemsWithoutMovie?: number | undefined;
  /** What looks doubtful about the ratings, scale, threshold and ids, in sentences. */
  readonly warnings: readonly string[];
  /**
   * For a recommender that reads features: the items without features that were left out, and the
   * number of their ratings.
   */
  readonly leftOut?: { readonly ratings: number; readonly items: number } | undefined;
  /** With `protocol: 'catalogue'`: lists drawn from all items that a user has not rated. */
  readonly topN?: CatalogueEvaluation | undefined;
  /**
   * With `demographics`: means of the users' own metrics over each group, by field; those of `topN`
   * are named `catalogue.ndcg@10`, ...
   */
  readonly groups?: readonly GroupMeans[] | undefined;
  readonly recommender: string | undefined;
  /** Wall seconds; NaN if nothing was trained or predicted in this call. */
  readonly trainSeconds: number;
  readonly predictSeconds: number;
  /** Peak memory of the process so far. */
  readonly peakRssBytes: number;
  readonly files: readonly RatingReport[];
}

/** Test ratings with predictions, and the ids of their users and items. */
export interface TestPredictions {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly ratings: Float64Array;
  readonly predictions: Float32Array | Float64Array;
  readonly itemIds: readonly string[];
  readonly predicts?: Predicts | undefined;
  /** Mean of the training ratings, if known. */
  readonly trainMean?: number | undefined;
  /** Whether all ratings may be relevant, as implicit ones are. */
  readonly mayBeAlike?: boolean | undefined;
  /** Gathers the metrics of each user, where they are wanted. */
  readonly userValues?: UserValues | undefined;
}

/** The options of scoring, for the checks of calls that take them among others. */
export const scoringOptions: KnownOptions<ScoringOptions> = {
  ks: true,
  threshold: true,
  thresholdRule: true,
  undefined: true,
  movies: true,
  catalogue: true,
  demographics: true,
  scale: true,
  skipBadLines: true,
  columns: true,
  duplicateRatings: true,
  metrics: true,
};

/**
 * Scores a file of predictions from any source: columns user, item, rating, prediction
 * (`readPredictions`). Metrics are those of `evaluate`, ties by ascending item id. All rows are
 * held in memory, about 40 bytes each.
 *
 * @throws UsageError when an option or a file is wrong; RatingFileError `bad-line`,
 * DuplicateRatingError `duplicate`, with file and line.
 *
 * @example
 * const report = await evaluatePredictions('predictions.csv', { ks: [10], movies: 'ml-latest-small/movies.csv' });
 * console.log(report.rmse, report.ranking['10']?.ndcg);
 */
export async function evaluatePredictions(path: string, options: ScoringOptions = {}): Promise<EvaluationReport> {
  checkKnownOptions('evaluatePredictions', options, scoringOptions);
  await loadMetricModules(options.metrics);
  const columns = options.columns && { columns: options.columns };
  const scale = options.scale && { scale: options.scale };
  const { table, report } = await readPredictions(path, { ...readingOf(options), ...columns, ...scale });
  const userFacts = await readUserFacts(options);
  const userValues = userFacts && new UserValues(options.ks ?? usualLengths);
  const scored = await scorePredictions({ ...table, ratings: decimalRatings(table.ratings), userValues }, options);
  const { undefined: rule } = scored;
  const groups = userFacts && userValues && groupsOfUsers(userFacts, table.userIds, userValues.result(), rule);
  const cost = { trainSeconds: Number.NaN, predictSeconds: Number.NaN, peakRssBytes: peakRssBytes() };
  const warnings = [...scored.warnings, ...groupDoubts(groups)];
  return { ...scored, warnings, groups, recommender: undefined, ...cost, files: [report] };
}

/**
 * The metrics of test predictions, with genres and catalogue read from their files.
 *
 * @param doubts about the scale, if more ratings than the test ratings are known.
 * @throws UsageError when an option or a file is wrong, or a test item is not in the catalogue.
 */
export async function scorePredictions(
  test: TestPredictions,
  options: ScoringOptions,
  doubts: readonly string[] = scaleDoubts(test.ratings),
): Promise<Omit<EvaluationReport, 'recommender' | 'trainSeconds' | 'predictSeconds' | 'peakRssBytes' | 'files'>> {
  if (options.scale !== undefined) checkScale(options.scale);
  const scale = options.scale ?? observedScale(Float32Array.from(test.ratings));
  const single = scale.minimum === scale.maximum;
  const { ks, threshold, thresholdRule, undefined: undefinedRule } = options;
  const doubt = test.mayBeAlike ? undefined : checkThreshold(test.ratings, { threshold, thresholdRule, scale });
  const { itemIds } = test;
  const movies = options.movies === undefined ? undefined : (await readMovies(options.movies, options)).movies;
  const genres = movies && genresOf(catalogueOf(itemIds, movies));
  const tested = [...new Set(test.items)].map((item) => itemIds[item] as string);
  const catalogue = options.catalogue === undefined ? undefined : await catalogueSize(options.catalogue, tested);
  const evaluation = evaluate(test, {
    scale: single ? { minimum: 0, maximum: 1 } : scale,
    itemOrder: identifierRanks(itemIds),
    predicts: test.predicts,
    ks,
    threshold,
    thresholdRule,
    undefined: undefinedRule,
    genres,
    catalogue,
    trainMean: test.trainMean,
    onUser: test.userValues && ((user, list) => test.userValues?.add(user, list)),
  });
  const without = movies === undefined ? [] : tested.filter((id) => !movies.has(id));
  return {
    ...evaluation,
    nrmse: single ? Number.NaN : evaluation.nrmse,
    nmae: single ? Number.NaN : evaluation.nmae,
    scale,
    catalogue: catalogue ?? tested.length,
    itemsWithoutMovie: movies ? without.length : undefined,
    warnings: [
      ...doubts,
      ...(doubt === undefined ? [] : [doubt]),
      ...(without.length > 0
        ? [
            `${unmatched(without, tested.length)} missing from the movie list; for diversity they count as unlike all others`,
          ]
        : []),
    ],
  };
}

/** What is known about the users; undefined if there is no list. */
export async function readUserFacts({
  demographics,
}: Pick<ScoringOptions, 'demographics'>): Promise<UserFacts | undefined> {
  return demographics === undefined ? undefined : await readDemographics(demographics);
}

/** Peak memory of this process, in bytes. */
export function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

async function catalogueSize(path: string, tested: readonly string[]): Promise<number> {
  const ids = await readItemIds(path);
  const missing = tested.find((id) => !ids.has(id));
  if (missing !== undefined) {
    throw new UsageError(`item '${missing}' is tested, but is not in the catalogue ${path}`, {
      code: 'ratings',
      remedy: 'The catalogue lists every item that could have been recommended.',
    });
  }
  return ids.size;
}
