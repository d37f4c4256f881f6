import { type BadLineReport, BadLines, fileFault, quoted } from './bad-lines.ts';
import { columnOf, csvRecords } from './csv-records.ts';
import { compareIdentifiers, plainId } from './identifiers.ts';
import { readText } from './read-text.ts';

/**
 * Which trailer shows which movie. One trailer may serve several movies, and a movie may have
 * several trailers.
 */
export interface TrailerList {
  /** For each trailer id, the ids of its movies, ascending. */
  readonly moviesOf: ReadonlyMap<string, readonly string[]>;
  /** For each movie id, the ids of its trailers, in file order. */
  readonly trailersOf: ReadonlyMap<string, readonly string[]>;
  readonly badLines: BadLineReport;
}

/**
 * Reads a trailer list such as `ml-youtube.csv`: CSV with the columns youtubeId (or trailerId) and
 * movieId (or itemId). The whole file is held in memory.
 *
 * @throws UsageError `ratings` when the file is missing, empty or has other columns;
 * RatingFileError `bad-line` for a line with an empty id or the wrong number of fields, unless bad
 * lines are skipped.
 */
export async function readTrailers(
  path: string,
  options: { readonly skipBadLines?: boolean | undefined } = {},
): Promise<TrailerList> {
  const [header, ...records] = csvRecords(await readText(path), path);
  const names = header?.fields ?? [];
  const trailer = columnOf(names, ['youtubeid', 'trailerid', 'trailer', 'youtube']);
  const movie = columnOf(names, ['movieid', 'itemid', 'movie', 'item']);
  if (trailer < 0 || movie < 0) {
    throw fileFault(
      path,
      `is not a trailer list: its first line is ${quoted(names.join(','))}`,
      'It needs the columns youtubeId (or trailerId) and movieId (or itemId).',
    );
  }
  const bad = new BadLines(path, { skip: options.skipBadLines ?? false });
  const moviesOf = new Map<string, string[]>();
  const trailersOf = new Map<string, string[]>();
  for (const { line, fields } of records) {
    const [trailerId = '', movieId = ''] = [fields[trailer], plainId(fields[movie] ?? '')];
    if (fields.length !== names.length)
      bad.add(line, `it has ${fields.length} fields where ${names.length} are expected`);
    else if (trailerId === '') bad.add(line, 'the trailer id is empty');
    else if (movieId === '') bad.add(line, 'the movie id is empty');
    else if (!moviesOf.get(trailerId)?.includes(movieId)) {
      add(moviesOf, trailerId, movieId);
      add(trailersOf, movieId, trailerId);
    }
  }
  for (const movies of moviesOf.values()) movies.sort(compareIdentifiers);
  return { moviesOf, trailersOf, badLines: bad.report };
}

/**
 * The movies that items with features stand for. With a trailer list, these are the movies of each
 * trailer id; an id that is not a trailer in the list, and any id if there is no list, counts as a
 * movie id itself.
 */
export function moviesWithFeatures(featureIds: Iterable<string>, trailers?: TrailerList): Set<string> {
  const movies = new Set<string>();
  for (const id of featureIds) for (const movie of trailers?.moviesOf.get(id) ?? [id]) movies.add(movie);
  return movies;
}

function add(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
