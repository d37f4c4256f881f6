import { UsageError } from '../../core/errors.ts';
import { fileFault, quoted } from '../ratings/bad-lines.ts';
import { columnOf, csvRecords } from '../ratings/csv-records.ts';
import { compareIdentifiers } from '../ratings/identifiers.ts';
import { readText } from '../ratings/read-text.ts';

/** One thing to fetch: all rows of the list that share an id. */
export interface FetchItem {
  readonly id: string;
  /** Ids of the movies that it belongs to, ascending; empty if the list has no such column. */
  readonly movieIds: readonly string[];
  /** Lines of the list that have this id. */
  readonly lines: readonly number[];
  /** Whether it matches `VALID_ID`: other ids are never passed to a command or used in a path. */
  readonly valid: boolean;
}

/**
 * The form that an id must have to be used as an argument and a file name: at most 64 letters,
 * digits, `_` and `-`.
 */
const VALID_ID = /^[A-Za-z0-9_-]{1,64}$/;
const ID_COLUMNS = ['youtubeid', 'trailerid', 'trailer', 'youtube', 'id'];
const MOVIE_COLUMNS = ['movieid', 'itemid', 'movie', 'item'];

/**
 * Reads a list of things to fetch: CSV with a header and a column of ids (youtubeId, trailerId or
 * id, or the one named by `column`), and movieId if there is one. An id shared by several rows
 * occurs once, at the place of its first row. The whole file is held in memory.
 *
 * @throws UsageError `ratings` when the file cannot be read, is empty, has no such column, or not a
 * single id in it; `no-inputs` when it has no rows.
 */
export async function readFetchList(
  path: string,
  options: { readonly column?: string | undefined } = {},
): Promise<FetchItem[]> {
  const [header, ...records] = csvRecords(await readText(path), path);
  const names = header?.fields ?? [];
  const wanted = options.column === undefined ? ID_COLUMNS : [options.column.toLowerCase().replaceAll('_', '')];
  const idColumn = columnOf(names, wanted);
  if (idColumn < 0) {
    const what = options.column === undefined ? 'a column of ids' : `a column '${options.column}'`;
    throw fileFault(
      path,
      `does not have ${what}: its first line is ${quoted(names.join(','))}`,
      'The first line must name the columns: youtubeId, trailerId or id, or the one that `column` names.',
    );
  }
  const movieColumn = columnOf(names, MOVIE_COLUMNS);
  const items = new Map<string, { movieIds: Set<string>; lines: number[] }>();
  for (const { line, fields } of records) {
    const id = fields[idColumn] ?? '';
    const item = items.get(id) ?? { movieIds: new Set<string>(), lines: [] };
    const movieId = fields[movieColumn] ?? '';
    if (movieId !== '' && movieColumn !== idColumn) item.movieIds.add(movieId);
    item.lines.push(line);
    items.set(id, item);
  }
  const list = [...items].map(([id, { movieIds, lines }]) => {
    return { id, movieIds: [...movieIds].sort(compareIdentifiers), lines, valid: VALID_ID.test(id) };
  });
  const [first] = list;
  if (first === undefined) throw new UsageError(`${path} has no rows`, { code: 'no-inputs' });
  if (!list.some(({ valid }) => valid)) {
    throw fileFault(
      path,
      `has no id in its column ${quoted(names[idColumn] ?? '')}: ${badIdMessage(first)}`,
      'Name the column of the ids as `column`. URLs are not ids: put the URL in the command, with {id} in it.',
    );
  }
  return list;
}

/** What is wrong with an invalid id, and where it is in the list. */
export function badIdMessage({ id, lines }: FetchItem): string {
  const shown = lines.slice(0, 3).join(', ');
  const where = lines.length === 1 ? `line ${shown}` : `${lines.length} rows, lines ${shown}`;
  return (
    `${quoted(id.replace(/\p{C}/gu, '\ufffd'))} is not an id: 1 to 64 letters, digits, '_' or '-' are expected ` +
    `(${where}${lines.length > 3 ? ', ...' : ''} of the list)`
  );
}
