import { checkInteger, checkOneOf, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { filterRatings, type ItemFilter } from './filters.ts';
import { makeFolds } from './folds.ts';
import { kCore } from './k-core.ts';
import type { Movie } from './movies.ts';
import type { RatingTable } from './rating-table.ts';
import { isTimed, SCENARIO_KINDS, type ScenarioKind } from './scenario-kinds.ts';
import { selectWithRows } from './select-ratings.ts';
import type { Split } from './split.ts';
import { checkNotEmpty, ratingsPerUser, startingSubset } from './subset.ts';
import { checkCut, leaveLastOut, splitAtTime } from './time-splits.ts';
import { userFolds } from './user-splits.ts';
import { resolveValidation, type ValidationOptions, withValidation } from './validation.ts';

/**
 * What determines a scenario: equal parameters and ratings give equal splits, whatever the order of
 * the ratings' lines.
 */
export interface ScenarioParameters {
  readonly kind: ScenarioKind;
  /** Only items of these years, genres and with features (see `filterRatings`). */
  readonly filter?: ItemFilter | undefined;
  /**
   * Only users and items with at least this many of the filtered ratings each, counting again until
   * this holds (see `kCore`).
   */
  readonly core?: number | undefined;
  /** Only this many items and users, those with the most ratings. Default: all. */
  readonly items?: number | undefined;
  readonly users?: number | undefined;
  /** Ratings to draw from each user. Default: all. */
  readonly ratingsPerUser?: number | undefined;
  /** Whether users with fewer ratings than that keep them (default) or are left out. */
  readonly fewer?: 'keep' | 'drop' | undefined;
  /** Default 2; a scenario that depends on time has one split. */
  readonly folds?: number | undefined;
  /**
   * Where the kind `time` divides: the share of ratings before that point (default 0.8), or a date
   * (UTC) such as `2015-03-31`.
   */
  readonly cut?: number | string | undefined;
  /** Share of a test user's ratings that the kind `user` shows. Default 0.8. */
  readonly foldIn?: number | undefined;
  readonly validation?: ValidationOptions | undefined;
  /** Seed of all random draws: 0 to 4294967295. Default 1. */
  readonly seed?: number | undefined;
}

/** How many ratings each step left, and further counts. */
export interface ScenarioCounts {
  readonly ratings: number;
  readonly users: number;
  readonly items: number;
  /** Ratings after the filter and after the choice of items and users. */
  readonly filteredRatings?: number | undefined;
  readonly subsetRatings?: number | undefined;
  /** Ratings in the k-core, if one was requested. */
  readonly coreRatings?: number | undefined;
  /** Items of the ratings that the list of movies does not have. */
  readonly unknownItems?: number | undefined;
  /** Users who had fewer ratings than requested: kept with all they had, or dropped. */
  readonly usersWithFewer?: number | undefined;
}

/** Ratings and their splits into training, validation and test. */
export interface Scenario {
  readonly kind: ScenarioKind | 'given';
  /** The ratings of the scenario only; the splits are row numbers of this table. */
  readonly ratings: RatingTable;
  readonly splits: readonly Split[];
  /**
   * The parameters as JSON, with defaults filled in; for a set of items with features, its size.
   */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly counts: ScenarioCounts;
}

/**
 * Makes a scenario from ratings: first the filter, then the items and users with the most ratings,
 * then ratings per user, folds, and a validation part of each fold's training ratings. Scenarios
 * `non-cold` and `hard-cold` with otherwise equal parameters have the same ratings and the same
 * test sets.
 *
 * @param movies the list of movies, for filters by year and genre.
 * @throws UsageError when a parameter is wrong, or a step leaves no rating.
 * @example
 * const { ratings, movies } = await openMovieLens('ml-20m');
 * const scenario = makeScenario(ratings, {
 *   kind: 'hard-cold', filter: { years: { from: 1970, to: 2015 } }, items: 1000, users: 1500, ratingsPerUser: 40, seed: 7,
 * }, movies);
 * for (const { name, train, test } of scenario.splits) console.log(name, train.length, test.length);
 */
export function makeScenario(
  table: RatingTable,
  parameters: ScenarioParameters,
  movies?: ReadonlyMap<string, Movie>,
): Scenario {
  const stages = scenarioStages(table, parameters, movies);
  for (;;) {
    const stage = stages.next();
    if (stage.done === true) return stage.value;
  }
}

/** The stages of a scenario, each named before it starts. */
export function* scenarioStages(
  table: RatingTable,
  parameters: ScenarioParameters,
  movies: ReadonlyMap<string, Movie> | undefined,
): Generator<string, Scenario> {
  const kind = checkOneOf('kind', parameters.kind, SCENARIO_KINDS);
  const seed = checkInteger('seed', parameters.seed ?? 1, 0, 0xffffffff);
  const folds = checkInteger('folds', parameters.folds ?? 2, 2);
  const validation = resolveValidation(parameters.validation ?? {});
  yield 'filtering';
  // Lists of rows are released as soon as they are no longer needed: with 10 million rows, each
  // takes 38 MiB.
  let { rows: chosen, unknownItems } = filterRatings(table, parameters.filter ?? {}, movies);
  const filteredRatings = chosen.length;
  checkNotEmpty(filteredRatings, 'the filter');
  let coreRatings: number | undefined;
  if (parameters.core !== undefined) {
    chosen = kCore(table, checkInteger('core', parameters.core), chosen);
    coreRatings = chosen.length;
    checkNotEmpty(coreRatings, `the ${parameters.core}-core was taken`);
  }
  yield 'choosing items and users';
  const { items = table.itemIds.length, users = table.userIds.length } = parameters;
  chosen = startingSubset(table, { items, users }, chosen).rows;
  const subsetRatings = chosen.length;
  checkNotEmpty(subsetRatings, 'the choice of items and users');
  yield 'ordering';
  let { ratings, rows } = selectWithRows(table, chosen);
  chosen = new Int32Array(0);
  let usersWithFewer: number | undefined;
  if (parameters.ratingsPerUser !== undefined) {
    const { ratingsPerUser: count, fewer = 'keep' } = parameters;
    yield 'drawing ratings of each user';
    const sampled = ratingsPerUser(ratings, { count, fewer, seed });
    checkNotEmpty(sampled.rows.length, 'users with fewer ratings were dropped');
    const drawn = selectWithRows(ratings, sampled.rows);
    rows = drawn.rows.map((row) => rows[row] as number);
    ratings = drawn.ratings;
    usersWithFewer = sampled.usersWithFewer;
  }
  // The order of the file only matters where the last of several equal times is the last one in the
  // file.
  if (kind !== 'leave-last-out') rows = new Int32Array(0);
  yield 'dividing into folds';
  const splits: Split[] = [];
  for (const split of splitsOf(ratings, { ...parameters, kind, folds, seed }, validation.share, rows)) {
    yield `validation part of ${split.name}`;
    // With a split by time, the validation part is what comes just before the test part.
    const isThere = isTimed(kind) && validation.kind === 'ratings';
    splits.push(isThere ? split : withValidation(ratings, split, validation, seed));
  }
  return {
    kind,
    ratings,
    splits,
    parameters: asJson({ ...parameters, folds, seed, validation }),
    counts: {
      ratings: ratings.values.length,
      users: ratings.userIds.length,
      items: ratings.itemIds.length,
      ...{ filteredRatings, subsetRatings, unknownItems, coreRatings },
      usersWithFewer,
    },
  };
}

function splitsOf(
  ratings: RatingTable,
  parameters: ScenarioParameters & { readonly folds: number; readonly seed: number },
  validationShare: number,
  fileOrder: Int32Array,
): Split[] {
  const { kind, folds, seed, cut = 0.8, foldIn = 0.8 } = parameters;
  if (kind === 'leave-last-out') return [leaveLastOut(ratings, fileOrder)];
  if (kind === 'time') return [splitAtTime(ratings, checkCut(cut), validationShare)];
  if (kind === 'user-cold') return userFolds(ratings, { folds, seed, foldIn: 0 });
  if (kind === 'user') {
    if (!(foldIn > 0 && foldIn < 1)) {
      throw new UsageError(`\`foldIn\` must be a share above 0 and below 1, but is ${shown(foldIn)}`, {
        option: 'foldIn',
      });
    }
    return userFolds(ratings, { folds, seed, foldIn });
  }
  return makeFolds(ratings, { kind, folds, seed });
}

function asJson(parameters: ScenarioParameters): Record<string, unknown> {
  const { filter = {}, ratingsPerUser: count, ...rest } = parameters;
  const { itemsWithFeatures, ...conditions } = filter;
  const sampling = count === undefined ? {} : { ratingsPerUser: count, fewer: parameters.fewer ?? 'keep' };
  const features = itemsWithFeatures === undefined ? {} : { itemsWithFeatures: itemsWithFeatures.size };
  return JSON.parse(JSON.stringify({ ...rest, ...sampling, filter: { ...conditions, ...features } }));
}
