import { type BadLineReport, BadLines, fileFault, quoted } from './bad-lines.ts';
import { columnOf, csvRecords } from './csv-records.ts';
import { plainId } from './identifiers.ts';
import { readText } from './read-text.ts';

/** A movie of a MovieLens list. */
export interface Movie {
  readonly id: string;
  /** As in the list, including the year. */
  readonly title: string;
  /** The year at the end of the title, `(1995)`; for a series the first one, `(2006-2007)`. */
  readonly year: number | undefined;
  readonly genres: readonly string[];
}

/** The movies of a list, by id, in file order. */
export interface MovieList {
  readonly movies: ReadonlyMap<string, Movie>;
  readonly badLines: BadLineReport;
}

/** The genre flags of `u.item` in order, after `unknown`, which means no genre. */
const FLAGGED_GENRES = [
  ...[
    'unknown',
    'Action',
    'Adventure',
    'Animation',
    "Children's",
    'Comedy',
    'Crime',
    'Documentary',
    'Drama',
    'Fantasy',
  ],
  ...['Film-Noir', 'Horror', 'Musical', 'Mystery', 'Romance', 'Sci-Fi', 'Thriller', 'War', 'Western'],
];
const FIELDS_BEFORE_FLAGS = 5;

interface Line {
  readonly line: number;
  readonly fields: { id: string; title: string; genres: readonly string[] } | string;
}

/**
 * Reads a list of movies: `movies.csv` (columns movieId or itemId, title, genres), `movies.dat`
 * (`id::title::genres`) or `u.item` (bars and genre flags), recognised by its first line. UTF-8, or
 * else latin-1. The whole file is held in memory.
 *
 * @throws UsageError `ratings` when the file is missing, empty or has another form; RatingFileError
 * `bad-line` for a line without id or with the wrong number of fields, and for an id that occurs
 * twice, unless bad lines are skipped (then the first line of an id counts).
 * @example
 * const { movies } = await readMovies('ml-latest-small/movies.csv');
 * movies.get('1'); // { id: '1', title: 'Toy Story (1995)', year: 1995, genres: ['Adventure', ...] }
 */
export async function readMovies(
  path: string,
  options: { readonly skipBadLines?: boolean | undefined } = {},
): Promise<MovieList> {
  const text = await readText(path);
  const bad = new BadLines(path, { skip: options.skipBadLines ?? false });
  const first = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  const lines = first.includes('::') ? datLines(text) : isItemLine(first) ? itemLines(text) : csvLines(text, path);
  const movies = new Map<string, Movie>();
  for (const { line, fields } of lines) {
    if (typeof fields === 'string') {
      bad.add(line, fields);
      continue;
    }
    const id = plainId(fields.id);
    if (id === '') bad.add(line, 'the movie id is empty');
    else if (movies.has(id)) bad.add(line, `movie ${quoted(id)} is in the list already`);
    else movies.set(id, { ...fields, id, year: yearOf(fields.title) });
  }
  return { movies, badLines: bad.report };
}

/**
 * The year that a title ends with: `(1995)`, `(2006-2007)`, `(2006- )`; undefined if there is none.
 */
export function yearOf(title: string): number | undefined {
  const year = /\((\d{4})(?:\s*[-\u2013\u2014]\s*(?:\d{4})?)?\s*\)["\s]*$/.exec(title)?.[1];
  return year === undefined ? undefined : Number(year);
}

function genresOf(text: string): string[] {
  if (text === '(no genres listed)') return [];
  return [...new Set(text.split('|').map((genre) => genre.trim()))].filter((genre) => genre !== '');
}

function isItemLine(line: string): boolean {
  return line.split('|').length >= FIELDS_BEFORE_FLAGS + FLAGGED_GENRES.length;
}

function* textLines(text: string): Generator<{ line: number; content: string }> {
  for (const [index, content] of text.split('\n').entries()) {
    if (content.trim() !== '') yield { line: index + 1, content: content.replace(/\r$/, '') };
  }
}

function* datLines(text: string): Generator<Line> {
  for (const { line, content } of textLines(text)) {
    // A title may itself contain a double colon.
    const [from, to] = [content.indexOf('::'), content.lastIndexOf('::')];
    if (from === to) yield { line, fields: 'it is not of the form id::title::genres' };
    else {
      const title = content.slice(from + 2, to).trim();
      yield {
        line,
        fields: { id: content.slice(0, from).trim(), title, genres: genresOf(content.slice(to + 2).trim()) },
      };
    }
  }
}

function* itemLines(text: string): Generator<Line> {
  for (const { line, content } of textLines(text)) {
    const fields = content.split('|');
    const flags = fields.slice(FIELDS_BEFORE_FLAGS);
    if (flags.length !== FLAGGED_GENRES.length || flags.some((flag) => !/^\s*[01]\s*$/.test(flag))) {
      yield { line, fields: `it does not end with ${FLAGGED_GENRES.length} genre flags, 0 or 1` };
    } else {
      const genres = FLAGGED_GENRES.filter((_, index) => index > 0 && flags[index]?.trim() === '1');
      yield { line, fields: { id: fields[0]?.trim() ?? '', title: fields[1]?.trim() ?? '', genres } };
    }
  }
}

function* csvLines(text: string, path: string): Generator<Line> {
  const [header, ...records] = csvRecords(text, path);
  const names = header?.fields ?? [];
  const id = columnOf(names, ['movieid', 'itemid', 'item', 'id']);
  const [title, genres] = [columnOf(names, ['title']), columnOf(names, ['genres', 'genre'])];
  if (id < 0 || (title < 0 && genres < 0)) {
    throw fileFault(
      path,
      `is not a list of movies: its first line is ${quoted(names.join(','))}`,
      'It needs the columns movieId (or itemId), title and genres.',
    );
  }
  for (const { line, fields } of records) {
    if (fields.length !== names.length) {
      yield { line, fields: `it has ${fields.length} fields where ${names.length} are expected` };
    } else {
      const at = (position: number): string => fields[position] ?? '';
      yield { line, fields: { id: at(id), title: at(title), genres: genresOf(at(genres)) } };
    }
  }
}
