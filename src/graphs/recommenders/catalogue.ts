import { compareIdentifiers } from '../../io/ratings/identifiers.ts';
import type { Movie } from '../../io/ratings/movies.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import type { GenreTable } from '../../models/genres.ts';

/** What is known about an item besides its ratings and features. */
export interface CatalogueItem {
  readonly id: string;
  readonly title?: string | undefined;
  readonly genres: readonly string[];
}

/**
 * The table with the ids of items that nobody has rated appended to its list, in ascending order.
 */
export function withUnratedItems(ratings: RatingTable, unrated: Iterable<string>): RatingTable {
  const known = new Set(ratings.itemIds);
  const added = [...new Set(unrated)].filter((id) => !known.has(id)).sort(compareIdentifiers);
  return { ...ratings, itemIds: [...ratings.itemIds, ...added] };
}

/** The items of a list of ids, with title and genres if a list of movies has them. */
export function catalogueOf(itemIds: readonly string[], movies?: ReadonlyMap<string, Movie>): CatalogueItem[] {
  return itemIds.map((id) => {
    const movie = movies?.get(id);
    const title = movie?.title ? { title: movie.title } : {};
    return { id, ...title, genres: movie?.genres ?? [] };
  });
}

/** The genres of a catalogue as flags, ascending by name; undefined when no item has a genre. */
export function genresOf(catalogue: readonly CatalogueItem[]): GenreTable | undefined {
  const names = [...new Set(catalogue.flatMap(({ genres }) => genres))].sort(compareIdentifiers);
  if (names.length === 0) return undefined;
  const places = new Map(names.map((name, place) => [name, place]));
  const flags = new Uint8Array(catalogue.length * names.length);
  for (const [item, { genres }] of catalogue.entries()) {
    for (const genre of genres) flags[item * names.length + (places.get(genre) as number)] = 1;
  }
  return { genreCount: names.length, flags };
}
