import type { Movie } from '../io/ratings/movies.ts';
import type { GenreTable } from '../models/genres.ts';

/**
 * The genres of items as flags, in the order of the item numbers. Genres are numbered as they first come in the list of movies; an item that
 * the list does not have has none.
 *
 * @returns undefined when no movie of the list has a genre.
 */
export function genreTable(movies: ReadonlyMap<string, Movie>, itemIds: readonly string[]): GenreTable | undefined {
  const numbers = new Map<string, number>();
  for (const { genres } of movies.values()) {
    for (const genre of genres) if (!numbers.has(genre)) numbers.set(genre, numbers.size);
  }
  const genreCount = numbers.size;
  if (genreCount === 0) return undefined;
  const flags = new Uint8Array(itemIds.length * genreCount);
  for (const [item, id] of itemIds.entries()) {
    for (const genre of movies.get(id)?.genres ?? []) flags[item * genreCount + (numbers.get(genre) as number)] = 1;
  }
  return { genreCount, flags };
}
