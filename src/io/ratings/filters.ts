import { UsageError } from '../../core/errors.ts';
import type { Movie } from './movies.ts';
import type { RatingTable } from './rating-table.ts';

/** Which items count. A condition that is left out holds for all items. */
export interface ItemFilter {
  /** First and last year, both included. Items without a year are left out. */
  readonly years?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined;
  /** Items that have at least one of these genres; ignoring case. */
  readonly genres?: readonly string[] | undefined;
  /**
   * The ids of the items that have features (see `moviesWithFeatures` if the features belong to
   * trailers).
   */
  readonly itemsWithFeatures?: ReadonlySet<string> | undefined;
}

/** The ratings of the items that pass a filter. */
export interface FilteredRatings {
  /** int32[]: row numbers of the table, ascending. */
  readonly rows: Int32Array;
  /** Items of the table that pass. */
  readonly items: number;
  /**
   * Items of the table that the list of movies does not have; they fail any condition on years or
   * genres.
   */
  readonly unknownItems: number;
}

/**
 * Selects the ratings of items by year, by genre and by whether they have features.
 *
 * @param movies the list of movies; needed for years and genres.
 * @throws UsageError when years are not whole numbers in order, or genres or years are requested
 * without movies, or no movie has a genre.
 */
export function filterRatings(
  table: RatingTable,
  filter: ItemFilter,
  movies?: ReadonlyMap<string, Movie>,
): FilteredRatings {
  const byMovie = filter.years !== undefined || filter.genres !== undefined;
  if (byMovie && movies === undefined) {
    throw new UsageError('`years` and `genres` need a list of movies', { remedy: 'Read one with `readMovies`.' });
  }
  const passes = movieTest(filter, movies ?? new Map());
  let [items, unknownItems] = [0, 0];
  const passing = Uint8Array.from(table.itemIds, (id) => {
    const movie = movies?.get(id);
    if (movies !== undefined && movie === undefined) unknownItems += 1;
    const pass = (filter.itemsWithFeatures?.has(id) ?? true) && (!byMovie || (movie !== undefined && passes(movie)));
    items += pass ? 1 : 0;
    return pass ? 1 : 0;
  });
  let count = 0;
  for (let row = 0; row < table.items.length; row += 1) count += passing[table.items[row] as number] as number;
  const rows = new Int32Array(count);
  count = 0;
  for (let row = 0; row < table.items.length; row += 1) {
    if (passing[table.items[row] as number] === 1) rows[count++] = row;
  }
  return { rows, items, unknownItems };
}

function movieTest(filter: ItemFilter, movies: ReadonlyMap<string, Movie>): (movie: Movie) => boolean {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = filter.years ?? {};
  if (filter.years !== undefined && (Number.isNaN(from) || Number.isNaN(to) || from > to)) {
    throw new UsageError(`\`years\` must go from a year to a later one or the same, but are ${from} to ${to}`, {
      option: 'years',
    });
  }
  if (filter.genres === undefined) return ({ year }) => filter.years === undefined || within(year, from, to);
  const wanted = new Set(filter.genres.map((genre) => genre.toLowerCase()));
  const known = new Set([...movies.values()].flatMap(({ genres }) => genres.map((genre) => genre.toLowerCase())));
  const unknown = filter.genres.find((genre) => !known.has(genre.toLowerCase()));
  if (unknown !== undefined || wanted.size === 0) {
    throw new UsageError(
      `\`genres\` must be genres of the movies, but ${unknown ? `'${unknown}' is not one` : 'are empty'}`,
      {
        remedy: `There are ${[...known].sort().join(', ')}.`,
      },
    );
  }
  return ({ year, genres }) =>
    (filter.years === undefined || within(year, from, to)) && genres.some((genre) => wanted.has(genre.toLowerCase()));
}

function within(year: number | undefined, from: number, to: number): boolean {
  return year !== undefined && year >= from && year <= to;
}
