import { quoted } from '../../io/ratings/bad-lines.ts';
import { columnOf, csvRecords } from '../../io/ratings/csv-records.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import { readMovies } from '../../io/ratings/movies.ts';
import { ID_NAMES } from '../../io/ratings/read-item-ids.ts';
import { readText } from '../../io/ratings/read-text.ts';
import { featureFault, listed, rowFault } from './feature-fault.ts';
import type { FeatureFile } from './feature-file.ts';

/** Categories that items are in, by the items' ids. */
export interface CategoryList {
  readonly name: string;
  readonly file: string;
  readonly categoriesOf: ReadonlyMap<string, readonly string[]>;
}

/**
 * The genres of a MovieLens list of movies; movies without genres are left out. The list is held in
 * memory (at most 512 MiB).
 *
 * @throws what `readMovies` throws.
 */
export async function readGenres(file: string): Promise<CategoryList> {
  const { movies } = await readMovies(file);
  const listedGenres = [...movies.values()].filter(({ genres }) => genres.length > 0);
  return { name: 'genres', file, categoriesOf: new Map(listedGenres.map(({ id, genres }) => [plainId(id), genres])) };
}

/** The years in the titles of a MovieLens list of movies, as a feature file of one value. */
export async function openYears(file: string): Promise<FeatureFile> {
  const { movies } = await readMovies(file);
  return {
    path: file,
    streams: [{ name: 'year', columns: ['year'] }],
    hasSubclips: false,
    passedOver: [],
    async read(take) {
      let number = 0;
      for (const { id, year } of movies.values()) {
        number += 1;
        const vectors = [year === undefined ? undefined : [year]];
        take({ itemId: plainId(id), subclip: undefined, vectors, place: { file, unit: 'row', number } });
      }
    },
  };
}

/**
 * The categories in a column of a CSV file; several are separated by `|`. The file is held in
 * memory (at most 512 MiB).
 *
 * @throws UsageError `features` when a column does not exist, or an item occurs twice; `ratings`
 * when the file is not a CSV.
 */
export async function readCategories(
  file: string,
  column: string,
  name: string,
  id: string | undefined,
): Promise<CategoryList> {
  const [header, ...records] = csvRecords(await readText(file), file);
  const names = header?.fields ?? [];
  const positionOf = (wanted: string): number => {
    const position = names.indexOf(wanted);
    if (position >= 0) return position;
    throw featureFault(file, `has no column ${quoted(wanted)}; it has ${listed(names, quoted)}`, 'Name one of these.');
  };
  const values = positionOf(column);
  const ids = id === undefined || !names.includes(id) ? Math.max(0, columnOf(names, ID_NAMES)) : positionOf(id);
  const categoriesOf = new Map<string, readonly string[]>();
  for (const { line, fields } of records) {
    const itemId = plainId(fields[ids] ?? '');
    if (fields.length !== names.length || itemId === '' || categoriesOf.has(itemId)) {
      const fact =
        fields.length !== names.length
          ? `it has ${fields.length} fields where ${names.length} are expected`
          : itemId === ''
            ? 'the item id is empty'
            : `item ${quoted(itemId)} is in the list already`;
      throw rowFault({ file, unit: 'line', number: line }, fact);
    }
    const categories = (fields[values] ?? '').split('|').map((category) => category.trim());
    const own = [...new Set(categories)].filter((category) => category !== '');
    if (own.length > 0) categoriesOf.set(itemId, own);
  }
  return { name, file, categoriesOf };
}
