import { checkInteger, checkOneOf } from '../../core/check.ts';
import { filterRatings, type ItemFilter } from './filters.ts';
import { FOLD_KINDS, type FoldKind, makeFolds } from './folds.ts';
import type { Movie } from './movies.ts';
import type { RatingTable } from './rating-table.ts';
import { selectRatings } from './select-ratings.ts';
import type { Split } from './split.ts';
import { checkNotEmpty, ratingsPerUser, startingSubset } from './subset.ts';
import { resolveValidation, type ValidationOptions, withValidation } from './validation.ts';

/**
 * What decides a scenario: equal parameters and ratings give equal splits, whatever the order of
 * the ratings' lines.
 */
export interface ScenarioParameters {
  readonly kind: FoldKind;
  /** Only items of these years, genres and with features (see `filterRatings`). */
  readonly filter?: ItemFilter;
  /** Only the items with most ratings, and the users with most. Default: all. */
  readonly items?: number;
  readonly users?: number;
  /** Ratings drawn of each user. Default: all. */
  readonly ratingsPerUser?: number;
  /** Whether users with fewer ratings than that keep them (default) or are left out. */
  readonly fewer?: 'keep' | 'drop';
  /** Default 2. */
  readonly folds?: number;
  readonly validation?: ValidationOptions;
  /** Decides all draws: 0 to 4294967295. Default 1. */
  readonly seed?: number;
}

/** How many ratings and what else each step left. */
export interface ScenarioCounts {
  readonly ratings: number;
  readonly users: number;
  readonly items: number;
  /** Ratings after the filter and after the choice of items and users. */
  readonly filteredRatings?: number;
  readonly subsetRatings?: number;
  /** Items of the ratings that the list of movies does not have. */
  readonly unknownItems?: number;
  /** Users that had fewer ratings than asked for: kept with all they had, or dropped. */
  readonly usersWithFewer?: number;
}

/** Ratings and their splits into training, validation and test. */
export interface Scenario {
  readonly kind: FoldKind | 'given';
  /** The ratings of the scenario only; the splits are row numbers of this table. */
  readonly ratings: RatingTable;
  readonly splits: readonly Split[];
  /** The parameters as JSON, defaults filled in; of a set of items with features its size. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly counts: ScenarioCounts;
}

/**
 * Makes a scenario of ratings: filter, then the items and users with most ratings, then ratings per
 * user, folds, and a validation part of each fold's training ratings. Scenarios `non-cold` and
 * `hard-cold` of the same other parameters have the same ratings and the same test sets.
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
  const kind = checkOneOf('kind', parameters.kind, FOLD_KINDS);
  const seed = checkInteger('seed', parameters.seed ?? 1, 0, 0xffffffff);
  const folds = checkInteger('folds', parameters.folds ?? 2, 2);
  const validation = resolveValidation(parameters.validation ?? {});
  const filtered = filterRatings(table, parameters.filter ?? {}, movies);
  checkNotEmpty(filtered.rows.length, 'the filter');
  const { items = table.itemIds.length, users = table.userIds.length } = parameters;
  const subset = startingSubset(table, { items, users }, filtered.rows);
  checkNotEmpty(subset.rows.length, 'the choice of items and users');
  let ratings = selectRatings(table, subset.rows);
  let usersWithFewer: number | undefined;
  if (parameters.ratingsPerUser !== undefined) {
    const { ratingsPerUser: count, fewer = 'keep' } = parameters;
    const sampled = ratingsPerUser(ratings, { count, fewer, seed });
    checkNotEmpty(sampled.rows.length, 'users with fewer ratings were dropped');
    ratings = selectRatings(ratings, sampled.rows);
    usersWithFewer = sampled.usersWithFewer;
  }
  const splits = makeFolds(ratings, { kind, folds, seed }).map((split) =>
    withValidation(ratings, split, validation, seed),
  );
  return {
    kind,
    ratings,
    splits,
    parameters: asJson({ ...parameters, folds, seed, validation }),
    counts: {
      ratings: ratings.values.length,
      users: ratings.userIds.length,
      items: ratings.itemIds.length,
      filteredRatings: filtered.rows.length,
      subsetRatings: subset.rows.length,
      unknownItems: filtered.unknownItems,
      ...(usersWithFewer === undefined ? {} : { usersWithFewer }),
    },
  };
}

function asJson(parameters: ScenarioParameters): Record<string, unknown> {
  const { filter = {}, ratingsPerUser: count, ...rest } = parameters;
  const { itemsWithFeatures, ...conditions } = filter;
  const sampling = count === undefined ? {} : { ratingsPerUser: count, fewer: parameters.fewer ?? 'keep' };
  const features = itemsWithFeatures === undefined ? {} : { itemsWithFeatures: itemsWithFeatures.size };
  return JSON.parse(JSON.stringify({ ...rest, ...sampling, filter: { ...conditions, ...features } }));
}
