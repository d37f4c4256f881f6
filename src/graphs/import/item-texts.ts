import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { wordsOf } from '../../core/words-of.ts';
import { eachEntry } from '../../io/directory-entries.ts';
import { quoted } from '../../io/ratings/bad-lines.ts';
import { columnOf, csvRecords } from '../../io/ratings/csv-records.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import { ID_NAMES } from '../../io/ratings/read-item-ids.ts';
import { readText } from '../../io/ratings/read-text.ts';
import { type Cue, cuesOf } from '../../io/subtitles/cues.ts';
import { featureFault, listed, rowFault } from './feature-fault.ts';
import type { TextInput } from './import-options.ts';

/** What an item says: a text, or cues with their times. */
export type ItemText = { readonly text: string } | { readonly cues: readonly Cue[] };

const TEXT_COLUMNS = ['text', 'script', 'plot', 'overview', 'description', 'synopsis', 'title'];
const ENDINGS = ['.srt', '.vtt', '.txt'];

/**
 * The texts of items, by id: a directory with a file for each item, named after its id (`.srt` and
 * `.vtt`: subtitles with times; `.txt`), or a column of a CSV file. Held in memory one after another
 * by the caller.
 *
 * @throws UsageError `features` if there are none, an item has two, or a column is not there.
 */
export async function* itemTexts({ file, column }: TextInput): AsyncGenerator<readonly [id: string, text: ItemText]> {
  const status = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw featureFault(file, `cannot be read: ${wordsOf(error)}`, 'Check the path.', error);
  });
  yield* status.isDirectory() ? textFiles(file) : textColumn(file, column);
}

async function* textFiles(directory: string): AsyncGenerator<readonly [id: string, text: ItemText]> {
  const names: string[] = [];
  await eachEntry(directory, ({ name }) => {
    if (!name.startsWith('.') && ENDINGS.includes(extname(name).toLowerCase())) names.push(name);
  });
  if (names.length === 0) {
    throw featureFault(directory, `has no texts (${ENDINGS.map((end) => `*${end}`).join(', ')})`, 'Check the path.');
  }
  const seen = new Map<string, string>();
  for (const name of names.sort()) {
    const end = extname(name);
    const id = plainId(name.slice(0, -end.length));
    const other = seen.get(id);
    if (other !== undefined) {
      throw featureFault(directory, `has two texts of item ${quoted(id)}: ${other} and ${name}`, 'Leave one out.');
    }
    seen.set(id, name);
    const text = await readText(join(directory, name));
    yield [id, end.toLowerCase() === '.txt' ? { text } : { cues: cuesOf(text) }];
  }
}

async function* textColumn(
  file: string,
  column: string | undefined,
): AsyncGenerator<readonly [id: string, text: ItemText]> {
  const [header, ...records] = csvRecords(await readText(file), file);
  const names = header?.fields ?? [];
  const at = column === undefined ? columnOf(names, TEXT_COLUMNS) : names.indexOf(column);
  if (at < 0) {
    throw featureFault(
      file,
      `has no column ${column === undefined ? 'of texts' : quoted(column)}; it has ${listed(names, quoted)}`,
      'Name one of these as the column of texts.',
    );
  }
  const ids = Math.max(0, columnOf(names, ID_NAMES));
  const seen = new Set<string>();
  for (const { line, fields } of records) {
    const id = plainId(fields[ids] ?? '');
    const place = { file, unit: 'line', number: line } as const;
    if (fields.length !== names.length) {
      throw rowFault(place, `it has ${fields.length} fields where ${names.length} are expected`);
    }
    if (id === '') throw rowFault(place, 'the item id is empty');
    if (seen.has(id)) throw rowFault(place, `item ${quoted(id)} is in the list already`);
    seen.add(id);
    const text = fields[at] as string;
    if (text !== '') yield [id, { text }];
  }
}
