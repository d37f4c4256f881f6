import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { refuseAddress } from '../../core/object-address.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import type { UserFacts } from '../../core/user-facts.ts';
import type { BadLineReport } from './bad-lines.ts';
import { readDemographics } from './demographics.ts';
import { implicitScale } from './implicit.ts';
import { type Movie, readMovies } from './movies.ts';
import type { RatingTable } from './rating-table.ts';
import { type RatingReport, type ReadRatingsOptions, readRatings } from './read-ratings.ts';
import { readTrailers, type TrailerList } from './trailers.ts';

/** A MovieLens dataset. */
export interface MovieLens {
  readonly ratings: RatingTable;
  readonly movies: ReadonlyMap<string, Movie>;
  /** The trailer list, if there is an `ml-youtube.csv` or another list was named. */
  readonly trailers: TrailerList | undefined;
  /** Facts from the list of users in MovieLens 100K (`u.user`) and 1M (`users.dat`). */
  readonly userFacts: UserFacts | undefined;
  /** 1 to 5 for MovieLens 100K and 1M, 0.5 to 5 for the others; 0 to 1 for implicit ratings. */
  readonly scale: RatingScale;
  readonly report: RatingReport;
  /** Bad lines of the other two lists. */
  readonly badLines: { readonly movies: BadLineReport; readonly trailers: BadLineReport | undefined };
}

/** How to read a MovieLens directory; its files have fixed columns. */
export interface MovieLensOptions extends Omit<ReadRatingsOptions, 'columns' | 'onlyUser'> {
  /** A trailer list to use instead of the directory's. */
  readonly trailers?: string | undefined;
}

const known: KnownOptions<MovieLensOptions> = {
  ...{ timestamps: true, scale: true, skipBadLines: true, duplicateRatings: true, implicit: true },
  ...{ trailers: true, signal: true },
};

/** The files by which the directories are distinguished. */
const FORMS = [
  { ratings: 'ratings.csv', movies: 'movies.csv', whole: undefined, minimum: 0.5 },
  { ratings: 'ratings.dat', movies: 'movies.dat', whole: 'users.dat', minimum: 0.5 },
  { ratings: 'u.data', movies: 'u.item', whole: 'u.data', minimum: 1 },
] as const;
const TRAILERS = 'ml-youtube.csv';
const USERS = ['u.user', 'users.dat'];

/**
 * Opens a directory of MovieLens 100K (`u.data`, `u.item`), 1M or 10M (`ratings.dat`,
 * `movies.dat`), or 20M, 25M, latest (`ratings.csv`, `movies.csv`), recognised by its files; with
 * the trailer list `ml-youtube.csv` if it exists. Ratings are streamed (see `readRatings`); a
 * rating off the scale is a bad line.
 *
 * @throws UsageError `ratings` when it is not such a directory; RatingFileError `bad-line`.
 * @example
 * const { ratings, movies, trailers } = await openMovieLens('ml-20m', { trailers: 'ml-youtube.csv' });
 */
export async function openMovieLens(directory: string, options: MovieLensOptions = {}): Promise<MovieLens> {
  checkKnownOptions('openMovieLens', options, known);
  refuseAddress(directory);
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    throw new UsageError(`${directory} cannot be opened as a directory`, { code: 'ratings', cause: error });
  }
  const form = FORMS.find((each) => names.includes(each.ratings) && names.includes(each.movies));
  if (form === undefined) {
    const pairs = FORMS.map((each) => `${each.ratings} and ${each.movies}`).join(', or ');
    throw new UsageError(`${directory} is not a MovieLens directory: it must have ${pairs}`, {
      code: 'ratings',
      remedy: 'Name the folder that the archive was unpacked to; use `readRatings` for other data.',
    });
  }
  // Only MovieLens 100K and 1M have whole stars throughout; 1M has a list of users where 10M has
  // tags.
  const minimum = form.whole !== undefined && names.includes(form.whole) ? 1 : form.minimum;
  const { trailers: trailerPath, ...reading } = options;
  const scale = options.scale ?? { minimum, maximum: 5 };
  const skipping = { skipBadLines: options.skipBadLines ?? false };
  const { movies, badLines } = await readMovies(join(directory, form.movies), skipping);
  const list = trailerPath ?? (names.includes(TRAILERS) ? join(directory, TRAILERS) : undefined);
  const trailers = list === undefined ? undefined : await readTrailers(list, skipping);
  const users = USERS.find((name) => names.includes(name));
  const userFacts = users === undefined ? undefined : await readDemographics(join(directory, users));
  const { ratings, report } = await readRatings(join(directory, form.ratings), { ...reading, scale });
  const read = options.implicit === undefined ? scale : implicitScale;
  return {
    ratings,
    movies,
    trailers,
    userFacts,
    scale: read,
    report,
    badLines: { movies: badLines, trailers: trailers?.badLines },
  };
}
