import { Breather } from '../../core/breather.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import { type MovieLens, openMovieLens } from '../../io/ratings/movielens.ts';
import type { Movie } from '../../io/ratings/movies.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import { quantile } from '../../models/analysis/quantile.ts';
import { type RatingPart, type RatingSelection, ratingParts } from './rating-parts.ts';

/** Cells along each side of the picture of who rated what. */
export const SPARSITY_CELLS = 512;

/** How ratings are read, and which selections of them are counted besides the whole file. */
export interface AnalyseRatingsOptions extends RatingSelection {
  readonly skipBadLines?: boolean | undefined;
  /** Maps trailers to movies, if `withFeatures` has ids of trailers. */
  readonly trailers?: string | undefined;
}

const known: KnownOptions<AnalyseRatingsOptions> = {
  ...{ skipBadLines: true, trailers: true, years: true, withFeatures: true, items: true, users: true },
  ...{ perUser: true, scenarios: true, seed: true },
};

/** Ratings of a group, such as those of a decade. */
export interface RatingGroup {
  readonly name: string;
  readonly movies: number;
  readonly ratings: number;
  readonly mean: number;
  /** The 5th percentile. */
  readonly lowest: number;
  readonly lowerQuartile: number;
  readonly median: number;
  readonly upperQuartile: number;
  /** The 95th percentile. */
  readonly highest: number;
}

/** How many ratings the items, or the users, have. */
export interface LongTail {
  /** int32: the counts, highest first. */
  readonly counts: Int32Array;
  /** The share of all ratings that belongs to the 30 % with the most. */
  readonly shareOfHead: number;
}

/** The result of analysing ratings. */
export interface RatingAnalysis {
  readonly path: string;
  /**
   * Figures of the whole file; if a selection was requested, also of what it leaves, and of the
   * training part of each scenario.
   */
  readonly parts: readonly RatingPart[];
  readonly scale: RatingScale;
  readonly ratings: number;
  readonly users: number;
  /** Movies that were rated, and all movies in the list. */
  readonly movies: number;
  readonly listed: number;
  readonly perMovie: number;
  readonly perUser: number;
  /** Share of the pairs of user and movie that are rated. */
  readonly density: number;
  readonly mean: number;
  readonly median: number;
  readonly byValue: readonly { readonly value: number; readonly ratings: number }[];
  readonly byDecade: readonly RatingGroup[];
  readonly byYear: readonly RatingGroup[];
  readonly byGenre: readonly RatingGroup[];
  /** Half decades of movies, `1995 to 1999`, in order. */
  readonly halfDecades: readonly string[];
  /**
   * float64[genres x half decades]: the share of the ratings of a half decade's movies that go to
   * movies of the genre; a movie counts for each of its genres.
   */
  readonly genreShares: Float64Array;
  /** Ratings of movies that are not in the list, or have no year there. */
  readonly withoutMovie: number;
  readonly withoutYear: number;
  readonly items: LongTail;
  readonly raters: LongTail;
  readonly genres: readonly string[];
  /** Movies with both genres, row by row. */
  readonly genrePairs: Int32Array;
  /** uint8[512 x 512]: 1 where the sampled user rated the sampled movie. */
  readonly sparsity: Uint8Array;
  readonly sparsityUsers: number;
  readonly sparsityMovies: number;
}

/**
 * Analyses the ratings of a MovieLens directory in one pass over its table: how many there are,
 * with which values, by decade, genre and year, and how they are spread over movies and users.
 * Holds the table (12 bytes a rating).
 *
 * @throws UsageError `ratings` when it is not such a directory; RatingFileError `bad-line`.
 * @example
 * const { mean, density } = await analyseRatings('ml-latest-small');
 */
export async function analyseRatings(path: string, options: AnalyseRatingsOptions = {}): Promise<RatingAnalysis> {
  checkKnownOptions('analyseRatings', options, known);
  const { skipBadLines, trailers, ...selection } = options;
  const data = await openMovieLens(path, { skipBadLines, trailers });
  const { ratings, movies, scale } = data;
  const breather = new Breather();
  const listed = ratings.itemIds.map((id) => movies.get(id));
  const counts = new ItemValues(ratings.itemIds.length);
  const userCounts = new Int32Array(ratings.userIds.length);
  let sum = 0;
  for (let row = 0; row < ratings.values.length; row++) {
    const value = ratings.values[row] as number;
    const user = ratings.users[row] as number;
    sum += value;
    counts.add(ratings.items[row] as number, value);
    userCounts[user] = (userCounts[user] as number) + 1;
    if (row % 65_536 === 0 && breather.isDue) await breather.rest();
  }
  const years = new Map<number, number[]>();
  const decades = new Map<number, number[]>();
  const halves = new Map<number, number[]>();
  const genres = new Map<string, number[]>();
  for (const [item, movie] of listed.entries()) {
    if (movie?.year !== undefined) {
      push(years, movie.year, item);
      push(decades, Math.floor(movie.year / 10) * 10, item);
      push(halves, Math.floor(movie.year / 5) * 5, item);
    }
    for (const genre of new Set(movie?.genres)) push(genres, genre, item);
  }
  const ratingsOf = (items: readonly number[]) => items.reduce((own, item) => own + counts.of(item), 0);
  const withoutMovie = ratingsOf([...listed.keys()].filter((item) => listed[item] === undefined));
  const withoutYear = ratingsOf([...listed.keys()].filter((item) => listed[item]?.year === undefined));
  const total = ratings.values.length;
  const byValue = counts.byValue(listed.keys());
  const names = [...new Set([...movies.values()].flatMap((movie) => movie.genres))].sort();
  const halfStarts = [...halves.keys()].sort((one, other) => one - other);
  return {
    parts: await ratingParts(data, selection),
    ...{ path, scale, ratings: total, users: ratings.userIds.length, movies: ratings.itemIds.length },
    listed: movies.size,
    perMovie: total / ratings.itemIds.length,
    perUser: total / ratings.userIds.length,
    density: total / (ratings.itemIds.length * ratings.userIds.length),
    mean: sum / total,
    median: quantileOf(byValue, 0.5),
    byValue,
    byDecade: groupsOf(decades, counts, (decade) => `${decade}s`),
    byYear: groupsOf(years, counts, String),
    byGenre: groupsOf(genres, counts, (genre) => genre),
    halfDecades: halfStarts.map((start) => `${start} to ${start + 4}`),
    genreShares: Float64Array.from({ length: names.length * halfStarts.length }, (_, at) => {
      const own = halves.get(halfStarts[at % halfStarts.length] as number) ?? [];
      const genre = names[Math.floor(at / halfStarts.length)] as string;
      return ratingsOf(own.filter((item) => listed[item]?.genres.includes(genre))) / ratingsOf(own);
    }),
    withoutMovie,
    withoutYear,
    items: longTail(Int32Array.from(listed.keys(), (item) => counts.of(item))),
    raters: longTail(userCounts),
    genres: names,
    genrePairs: pairsOf(names, data),
    ...sparsityOf(ratings),
  };
}

/** How often each item has each value. */
class ItemValues {
  readonly #items: number;
  /** int32[items] for each value. */
  readonly #counts = new Map<number, Int32Array>();

  constructor(items: number) {
    this.#items = items;
  }

  add(item: number, value: number): void {
    let own = this.#counts.get(value);
    if (own === undefined) {
      own = new Int32Array(this.#items);
      this.#counts.set(value, own);
    }
    own[item] = (own[item] as number) + 1;
  }

  /** Ratings of an item. */
  of(item: number): number {
    let ratings = 0;
    for (const counts of this.#counts.values()) ratings += counts[item] as number;
    return ratings;
  }

  /** The values that some items have, ascending. */
  byValue(items: Iterable<number>): { value: number; ratings: number }[] {
    const own = [...items];
    return [...this.#counts]
      .sort(([one], [other]) => one - other)
      .map(([value, counts]) => ({ value, ratings: own.reduce((sum, item) => sum + (counts[item] as number), 0) }))
      .filter(({ ratings }) => ratings > 0);
  }
}

function push<Key>(groups: Map<Key, number[]>, key: Key, item: number): void {
  const own = groups.get(key);
  if (own === undefined) groups.set(key, [item]);
  else own.push(item);
}

function groupsOf<Key extends string | number>(
  groups: ReadonlyMap<Key, readonly number[]>,
  counts: ItemValues,
  nameOf: (key: Key) => string,
): RatingGroup[] {
  return [...groups]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, items]) => {
      const byValue = counts.byValue(items);
      const ratings = byValue.reduce((count, each) => count + each.ratings, 0);
      return {
        name: nameOf(key),
        movies: items.length,
        ratings,
        mean: byValue.reduce((sum, each) => sum + each.value * each.ratings, 0) / ratings,
        lowest: quantileOf(byValue, 0.05),
        lowerQuartile: quantileOf(byValue, 0.25),
        median: quantileOf(byValue, 0.5),
        upperQuartile: quantileOf(byValue, 0.75),
        highest: quantileOf(byValue, 0.95),
      };
    });
}

/** A quantile of values given with how often each occurs, equal to `quantile` of all of them. */
function quantileOf(byValue: RatingAnalysis['byValue'], share: number): number {
  const total = byValue.reduce((count, { ratings }) => count + ratings, 0);
  const at = (place: number) => {
    let before = 0;
    return byValue.find(({ ratings }) => {
      before += ratings;
      return place < before;
    })?.value as number;
  };
  const place = share * (total - 1);
  return quantile([at(Math.floor(place)), at(Math.ceil(place))], place - Math.floor(place));
}

function longTail(counts: Int32Array): LongTail {
  const falling = counts.slice().sort().reverse();
  const total = falling.reduce((sum, count) => sum + count, 0);
  const head = falling.subarray(0, Math.ceil(0.3 * falling.length)).reduce((sum, count) => sum + count, 0);
  return { counts: falling, shareOfHead: head / total };
}

function pairsOf(names: readonly string[], { movies, ratings }: MovieLens): Int32Array {
  const pairs = new Int32Array(names.length ** 2);
  const place = new Map(names.map((name, at) => [name, at]));
  const rated: (Movie | undefined)[] = ratings.itemIds.map((id) => movies.get(id));
  for (const movie of rated) {
    const own = [...new Set(movie?.genres ?? [])].map((genre) => place.get(genre) as number);
    for (const one of own) {
      for (const other of own) pairs[one * names.length + other] = (pairs[one * names.length + other] as number) + 1;
    }
  }
  return pairs;
}

/** A regular sample of users and movies, in the order of their ids. */
function sparsityOf({ users, items, userIds, itemIds }: RatingTable) {
  const [ofUsers, ofMovies] = [Math.min(SPARSITY_CELLS, userIds.length), Math.min(SPARSITY_CELLS, itemIds.length)];
  const cell = (number: number, count: number, cells: number) => {
    const at = Math.floor((number * cells) / count);
    return Math.ceil((at * count) / cells) === number ? at : -1;
  };
  const sparsity = new Uint8Array(SPARSITY_CELLS * SPARSITY_CELLS);
  for (const [row, user] of users.entries()) {
    const line = cell(user, userIds.length, ofUsers);
    if (line < 0) continue;
    const column = cell(items[row] as number, itemIds.length, ofMovies);
    if (column >= 0) sparsity[line * SPARSITY_CELLS + column] = 1;
  }
  return { sparsity, sparsityUsers: ofUsers, sparsityMovies: ofMovies };
}
