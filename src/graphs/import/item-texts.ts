import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { eachEntry } from '../../io/directory-entries.ts';
import { quoted } from '../../io/ratings/bad-lines.ts';
import { columnOf, csvRecords } from '../../io/ratings/csv-records.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import { ID_NAMES } from '../../io/ratings/read-item-ids.ts';
import { readAnyText, readText } from '../../io/ratings/read-text.ts';
import { type Cue, cuesOf } from '../../io/subtitles/cues.ts';
import { featureFault, listed, rowFault } from './feature-fault.ts';
import type { TextInput } from './import-options.ts';

/** What an item says: a text, or cues with their times. */
export type ItemText = { readonly text: string } | { readonly cues: readonly Cue[] };

/** The texts of items. */
export interface ItemTexts {
  readonly file: string;
  /** The items that may have a text. */
  readonly ids: readonly string[];
  /** The texts, one after another; items whose text is empty are left out. */
  read(): AsyncGenerator<readonly [id: string, text: ItemText]>;
}

const TEXT_COLUMNS = ['text', 'script', 'plot', 'overview', 'description', 'synopsis', 'title'];
const ENDINGS = ['.srt', '.vtt', '.txt'];

/**
 * Finds the texts of items: a directory with a file for each item, named after its id (`.srt` and
 * `.vtt`: subtitles with times; `.txt`), which are read one at a time, or a column of a CSV file,
 * which is held in memory.
 *
 * @throws UsageError `features` if there are none, an item has two, or a column is not there; when
 * they are read, also for subtitles without a cue, and `ratings` for a file that cannot be read.
 */
export async function openTexts({ file, column }: TextInput): Promise<ItemTexts> {
  const status = await stat(file).catch((error: unknown) => {
    throw featureFault(file, `cannot be read: ${wordsOf(error)}`, 'Check the path.', error);
  });
  if (!status.isDirectory()) return textColumn(file, column);
  if (column === undefined) return textFiles(file);
  throw new UsageError(`\`column\` is for a CSV file, but ${file} is a directory`, { option: 'text' });
}

async function textFiles(directory: string): Promise<ItemTexts> {
  const names: string[] = [];
  await eachEntry(directory, ({ name }) => {
    if (!name.startsWith('.') && ENDINGS.includes(extname(name).toLowerCase())) names.push(name);
  });
  if (names.length === 0) {
    throw featureFault(directory, `has no texts (${ENDINGS.map((end) => `*${end}`).join(', ')})`, 'Check the path.');
  }
  const files = new Map<string, string>();
  for (const name of names.sort()) {
    const id = plainId(name.slice(0, -extname(name).length));
    const other = files.get(id);
    if (other !== undefined) {
      throw featureFault(directory, `has two texts of item ${quoted(id)}: ${other} and ${name}`, 'Leave one out.');
    }
    files.set(id, name);
  }
  return {
    file: directory,
    ids: [...files.keys()],
    async *read() {
      for (const [id, name] of files) {
        const text = await readFileText(join(directory, name));
        if (text !== undefined) yield [id, text];
      }
    },
  };
}

/** The text of a file; undefined if it is empty. */
async function readFileText(path: string): Promise<ItemText | undefined> {
  const text = await readAnyText(path);
  if (extname(path).toLowerCase() === '.txt') return text.trim() === '' ? undefined : { text };
  const cues = cuesOf(text);
  if (cues.length > 0) return { cues };
  // A file with only the header of WebVTT is that of a film in which nobody speaks.
  if (/^\s*(WEBVTT.*)?\s*$/.test(text)) return undefined;
  throw featureFault(
    path,
    'has no subtitles: no text below a line such as 00:00:01,000 --> 00:00:02,500',
    'Save it as SubRip or WebVTT, or as .txt if it has no times.',
  );
}

async function textColumn(file: string, column: string | undefined): Promise<ItemTexts> {
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
  const idAt = Math.max(0, columnOf(names, ID_NAMES));
  const texts = new Map<string, string>();
  for (const { line, fields } of records) {
    const id = plainId(fields[idAt] ?? '');
    const place = { file, unit: 'line', number: line } as const;
    if (fields.length !== names.length) {
      throw rowFault(place, `it has ${fields.length} fields where ${names.length} are expected`);
    }
    if (id === '') throw rowFault(place, 'the item id is empty');
    if (texts.has(id)) throw rowFault(place, `item ${quoted(id)} is in the list already`);
    texts.set(id, fields[at] as string);
  }
  return {
    file,
    ids: [...texts.keys()],
    async *read() {
      for (const [id, text] of texts) if (text.trim() !== '') yield [id, { text }];
    },
  };
}
