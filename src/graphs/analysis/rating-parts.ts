import type { RatingScale } from '../../core/rating-scale.ts';
import { ItemStore } from '../../io/dataset/item-store.ts';
import type { MovieLens } from '../../io/ratings/movielens.ts';
import type { Movie } from '../../io/ratings/movies.ts';
import { observedScale, type RatingTable } from '../../io/ratings/rating-table.ts';
import type { ScenarioKind } from '../../io/ratings/scenario-kinds.ts';
import { makeScenarioBeside } from '../../io/ratings/scenario-thread.ts';
import { moviesWithFeatures } from '../../io/ratings/trailers.ts';

/** Thresholds of relevance for which relevant ratings are counted. */
export const THRESHOLDS = [3, 3.5, 4];

/** Which ratings are counted besides those of the whole file; selected as in an experiment. */
export interface RatingSelection {
  /** First and last year of the movies, both included. */
  readonly years?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined;
  /** A training store: only movies that have features in it count. */
  readonly withFeatures?: string | undefined;
  /** How many movies and users to keep, those with the most ratings first. */
  readonly items?: number | undefined;
  readonly users?: number | undefined;
  /** Ratings to draw from each user. */
  readonly perUser?: number | undefined;
  /** The scenarios whose training ratings are counted, of the first of two folds. */
  readonly scenarios?: readonly ScenarioKind[] | undefined;
  /** Seeds the random draws. Default 1. */
  readonly seed?: number | undefined;
}

/** Figures of a set of ratings. */
export interface RatingPart {
  readonly name: string;
  readonly ratings: number;
  readonly users: number;
  readonly movies: number;
  readonly perMovie: number;
  readonly perUser: number;
  /** First and last year of the movies; undefined if none has a year. */
  readonly years: { readonly from: number; readonly to: number } | undefined;
  readonly genres: number;
  /** The lowest and the highest rating. */
  readonly scale: RatingScale;
  readonly mean: number;
  /** For each threshold, the share of ratings above it and the share of ratings that reach it. */
  readonly thresholds: readonly { readonly threshold: number; readonly above: number; readonly atLeast: number }[];
}

/**
 * Figures of the whole file, of what a selection leaves, and of the training part of each scenario.
 */
export async function ratingParts(
  { ratings, movies, trailers }: MovieLens,
  { scenarios = [], withFeatures, years, items, users, perUser: ratingsPerUser, seed = 1 }: RatingSelection,
): Promise<RatingPart[]> {
  const parts = [partOf('in the file', ratings, undefined, movies)];
  const selects = [years, withFeatures, items, users, ratingsPerUser].some((each) => each !== undefined);
  if (!selects && scenarios.length === 0) return parts;
  const itemsWithFeatures =
    withFeatures === undefined ? undefined : moviesWithFeatures(await itemsOf(withFeatures), trailers);
  const filter = { years, itemsWithFeatures };
  for (const kind of scenarios.length > 0 ? scenarios : (['non-cold'] as const)) {
    const parameters = { kind, filter, items, users, ratingsPerUser, seed };
    const scenario = await makeScenarioBeside(ratings, parameters, movies);
    if (parts.length === 1) parts.push(partOf('selected', scenario.ratings, undefined, movies));
    const train = scenario.splits[0]?.train;
    if (scenarios.length > 0) parts.push(partOf(`${kind}, training`, scenario.ratings, train, movies));
  }
  return parts;
}

async function itemsOf(path: string): Promise<readonly string[]> {
  const store = await ItemStore.open(path);
  await store.close();
  return store.itemIds;
}

/** Counts the ratings of some rows, or of all rows if none are named. */
function partOf(
  name: string,
  { users, items, values, userIds, itemIds }: RatingTable,
  rows: Int32Array | undefined,
  movies: ReadonlyMap<string, Movie>,
): RatingPart {
  const [ofUser, ofItem] = [new Uint8Array(userIds.length), new Uint8Array(itemIds.length)];
  const counts = new Map<number, number>();
  const total = rows?.length ?? values.length;
  let sum = 0;
  for (let at = 0; at < total; at++) {
    const row = rows === undefined ? at : (rows[at] as number);
    ofUser[users[row] as number] = 1;
    ofItem[items[row] as number] = 1;
    const value = values[row] as number;
    sum += value;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const own = itemIds.flatMap((id, item) => (ofItem[item] === 1 ? [movies.get(id)] : []));
  const years = own.flatMap((movie) => movie?.year ?? []);
  const known = years.reduce(({ from, to }, year) => ({ from: Math.min(from, year), to: Math.max(to, year) }), {
    from: Number.POSITIVE_INFINITY,
    to: Number.NEGATIVE_INFINITY,
  });
  const counted = ofUser.reduce((count, is) => count + is, 0);
  const share = (test: (value: number) => boolean) =>
    [...counts].reduce((part, [value, count]) => part + (test(value) ? count : 0), 0) / total;
  return {
    ...{ name, ratings: total, users: counted, movies: own.length },
    ...{ perMovie: total / own.length, perUser: total / counted },
    years: years.length === 0 ? undefined : known,
    genres: new Set(own.flatMap((movie) => movie?.genres ?? [])).size,
    scale: observedScale(Float32Array.from(counts.keys())),
    mean: sum / total,
    thresholds: THRESHOLDS.map((threshold) => ({
      threshold,
      above: share((value) => value > threshold),
      atLeast: share((value) => value >= threshold),
    })),
  };
}
