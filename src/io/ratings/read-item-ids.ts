import { fileFault, RatingFileError } from './bad-lines.ts';
import { columnOf, csvRecords } from './csv-records.ts';
import { plainId } from './identifiers.ts';
import { readText } from './read-text.ts';

/**
 * Usual names of a column of ids, ignoring case and underscores; the first one that exists is used.
 */
export const ID_NAMES = ['itemid', 'movieid', 'mlid', 'trailerid', 'youtubeid', 'item', 'movie', 'id', 'ids'];

/**
 * Reads the ids of items: text with one id per line, or CSV (with commas or tabs) with a column
 * item, itemId, movieId or id, for instance a list of movies. Repeated ids count once. The whole
 * file is held in memory.
 *
 * @throws UsageError `ratings` when the file is missing, empty, or has several columns and none of
 * these; RatingFileError `bad-line` for an empty id.
 */
export async function readItemIds(path: string): Promise<ReadonlySet<string>> {
  return new Set(await listItemIds(path));
}

/** Like `readItemIds`, but with repeated ids, in file order. */
export async function listItemIds(path: string): Promise<string[]> {
  const text = await readText(path);
  const delimiter = /^.*/.exec(text)?.[0].includes('\t') ? '\t' : ',';
  const records = csvRecords(text, path, delimiter);
  const header = records[0]?.fields ?? [];
  const column = columnOf(header, ID_NAMES);
  if (column < 0 && header.length > 1) {
    throw fileFault(path, 'has no column of items', 'Name one item or movieId, or write one id in each line.');
  }
  const ids: string[] = [];
  for (const { line, fields } of column < 0 ? records : records.slice(1)) {
    const id = plainId(fields[Math.max(0, column)] ?? '');
    if (id === '') throw new RatingFileError({ file: path, line, reason: 'the item id is empty' });
    ids.push(id);
  }
  return ids;
}
