import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { isDynamicPattern } from 'tinyglobby';
import { Breather } from '../core/breather.ts';
import { checkOneOf } from '../core/check.ts';
import { csvFault } from '../core/csv-fault.ts';
import { UsageError } from '../core/errors.ts';
import { refuseAddress } from '../core/object-address.ts';
import { quotedList } from '../core/quoted-list.ts';
import { wordsOf } from '../core/words-of.ts';
import { ITEM_COLUMNS } from '../io/dataset/items-file.ts';
import { farAddress, isFarAddress } from '../io/far/far-address.ts';
import type { InputCopies } from '../io/far/input-copies.ts';
import { ID_RULES, type IdRule, itemId, sourceOf } from '../io/media/item-id.ts';
import { type PassedOver, passedOverText } from '../io/media/media-directory.ts';
import { Video, videos } from '../io/media/video.ts';
import { hiddenAddress } from '../io/objects/store-address.ts';

/**
 * Where a corpus comes from: inputs (files, directories, globs, addresses) or a manifest, not both.
 */
export interface CorpusOptions {
  readonly inputs?: readonly string[] | undefined;
  /**
   * A CSV file with a header and the columns `path` and `item_id`; paths are relative to the file,
   * or addresses.
   */
  readonly manifest?: string | undefined;
  /** Which part of a file's path is its id, unless a manifest gives it. Default `stem`. */
  readonly id?: IdRule | undefined;
  /** Uses only this many items, from the start of the corpus. */
  readonly limit?: number | undefined;
  /** Makes the copies of remote inputs. Default: the one that the process shares. @internal */
  readonly copies?: InputCopies | undefined;
  /** Called with a sentence about what the directories hold besides media. */
  readonly onPassedOver?: ((text: string) => void) | undefined;
}

/**
 * Lists the videos of a corpus without opening any, in a fixed order: inputs sorted by path, a
 * manifest in its own order.
 *
 * @throws UsageError when there are no videos, an input does not exist, or two inputs share an item
 *   id.
 *
 * @example
 * const corpus = await listCorpus({ inputs: ['trailers/'] });
 */
export async function listCorpus(options: CorpusOptions): Promise<Video[]> {
  const inputs = options.inputs ?? [];
  if (options.manifest !== undefined && inputs.length > 0) {
    throw new UsageError('a corpus is either a list of inputs or a manifest, but both were given');
  }
  if (options.id !== undefined) {
    checkOneOf('id', options.id, ID_RULES);
    if (options.manifest !== undefined) {
      throw new UsageError('a manifest gives the ids, but `id` was given too', { option: 'id' });
    }
  }
  const found =
    options.manifest !== undefined ? await readManifest(options.manifest, options.copies) : await readInputs(options);
  if (found.length === 0) {
    throw new UsageError('no inputs were given, or the manifest has no rows', {
      code: 'no-inputs',
      remedy: 'Name video or audio files, directories, globs, or a CSV file as `manifest`.',
    });
  }
  await checkUniqueIds(found, options.manifest === undefined ? 'inputs' : 'manifest');
  return options.limit === undefined ? found : found.slice(0, options.limit);
}

/** What a run has seen of the places where its inputs are. */
export interface Coverage {
  /**
   * Absolute paths of the directories, globs and manifests that the corpus holds completely: items
   * of a dataset that were found there and are not in the corpus are no longer inputs.
   */
  readonly places: readonly string[];
  /**
   * Absolute paths of the directories of files that were named one by one, as a shell does for
   * `trailers/*.mp4`: items of a dataset that were there and no longer exist are no longer inputs.
   * A file that still exists may simply not have been named.
   */
  readonly filesOf: ReadonlySet<string>;
}

/** The coverage of a corpus: nothing if it is cut short by `limit`. */
export function coverageOf(options: Pick<CorpusOptions, 'inputs' | 'manifest' | 'limit'>): Coverage {
  const places: string[] = [];
  const filesOf = new Set<string>();
  if (options.limit !== undefined) return { places, filesOf };
  if (options.manifest !== undefined) return { places: [resolve(options.manifest)], filesOf };
  for (const input of options.inputs ?? []) {
    const source = sourceOf(input);
    // Nobody has listed what lies beside an address.
    if (source === undefined && isFarAddress(input)) continue;
    if (source === undefined) filesOf.add(dirname(resolve(input)));
    else places.push(source);
  }
  return { places, filesOf };
}

/**
 * Asserts that inputs exist, so that a mistyped directory does not become a dead letter.
 *
 * @throws UsageError `no-inputs`.
 */
export async function checkInputs(inputs: readonly string[]): Promise<void> {
  const breather = new Breather();
  for (const input of inputs) {
    if (isFarAddress(input)) farAddress(input);
    else if (!isDynamicPattern(input) && !existsSync(input)) {
      const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(input);
      throw new UsageError(
        isAddress ? `'${hiddenAddress(input)}' cannot be read from` : `there is no file or directory '${input}'`,
        {
          code: 'no-inputs',
          remedy: isAddress ? 'Give an address of `https://` or `s3://`, or fetch it first: `fetchCorpus`.' : undefined,
        },
      );
    }
    if (breather.isDue) await breather.rest();
  }
}

async function readInputs({ inputs = [], id, copies, onPassedOver: tell }: CorpusOptions): Promise<Video[]> {
  if (inputs.length === 0) return [];
  await checkInputs(inputs);
  const found: Video[] = [];
  const passedOver: PassedOver[] = [];
  const onPassedOver = (files: readonly PassedOver[]): void => {
    for (const file of files) passedOver.push(file);
  };
  for await (const video of videos(inputs, { onPassedOver, id, copies })) found.push(video);
  const text = passedOverText(passedOver);
  if (text !== undefined) tell?.(text);
  return found;
}

async function readManifest(manifest: string, copies: InputCopies | undefined): Promise<Video[]> {
  refuseAddress(manifest);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(manifest));
  } catch (error) {
    const isText = (error as NodeJS.ErrnoException).syscall === undefined;
    const why = isText ? 'is not UTF-8 text' : `cannot be read: ${wordsOf(error)}`;
    throw new UsageError(`the manifest ${manifest} ${why}`, {
      option: 'manifest',
      remedy: isText ? 'Save it as CSV in UTF-8.' : undefined,
      cause: error,
    });
  }
  let header: readonly string[] = [];
  let rows: Record<string, string>[];
  try {
    const columns = (names: string[]) => {
      header = names.map((name) => name.trim());
      return [...header];
    };
    rows = parse(text, {
      columns,
      bom: true,
      trim: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UsageError(`the manifest ${manifest} ${csvFault(error)}`, {
      option: 'manifest',
      remedy:
        'Each line must have as many fields as the header; a field with a comma, a quote or a line break is quoted, with the quotes inside it doubled.',
      cause: error,
    });
  }
  checkHeader(manifest, header);
  const lacking = rows.flatMap(({ path, item_id: id }, index) => (path && id ? [] : [index + 1]));
  if (lacking.length > 0) {
    const some = `${lacking.slice(0, LISTED_IDS).join(', ')}${lacking.length > LISTED_IDS ? `, ... (${lacking.length})` : ''}`;
    throw new UsageError(
      `${manifest}, row${lacking.length > 1 ? 's' : ''} ${some}: the columns \`path\` and \`item_id\` must both have a value`,
      { option: 'manifest', remedy: 'Give each of these rows both, or remove it.' },
    );
  }
  const source = resolve(manifest);
  return rows.map((row) => {
    const { path = '', item_id: id = '', '': _unnamed, ...others } = row;
    const more = Object.fromEntries(
      Object.entries(others).map(([name, value]) => [ITEM_COLUMNS.includes(name) ? `manifest_${name}` : name, value]),
    );
    return new Video(isFarAddress(path) ? path : resolve(dirname(manifest), path), {
      id,
      source,
      copies,
      more: Object.keys(more).length === 0 ? undefined : more,
    });
  });
}

/** @throws UsageError naming duplicate columns, or those found and those missing. */
function checkHeader(manifest: string, header: readonly string[]): void {
  const twice = header.filter((name, at) => name !== '' && header.indexOf(name) < at);
  if (twice.length > 0) {
    throw new UsageError(`${manifest} has several columns named ${quotedList([...new Set(twice)])}`, {
      option: 'manifest',
      remedy: 'Give each column a name of its own.',
    });
  }
  const missing = ['path', 'item_id'].filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  const separator = header.length === 1 ? [';', '\t', '|'].find((mark) => header[0]?.includes(mark)) : undefined;
  const found = header.length === 0 ? 'no header' : `the column${header.length > 1 ? 's' : ''} ${quotedList(header)}`;
  throw new UsageError(`${manifest} must have the columns 'path' and 'item_id', but has ${found}`, {
    option: 'manifest',
    remedy:
      separator === undefined
        ? `Name the missing ${missing.length > 1 ? 'ones' : 'one'} in its first line: ${missing.join(', ')}. Any others are kept with the items.`
        : `Its fields are separated by '${separator === '\t' ? '\\t' : separator}': write it with commas.`,
  });
}

/** How many collisions to list, and how many files of each. */
const [LISTED_IDS, LISTED_FILES] = [10, 3];

/**
 * @throws UsageError `duplicate-id` when videos share an id; it names all such ids and says how to
 * make them differ.
 */
export async function checkUniqueIds(found: readonly Video[], by: 'inputs' | 'manifest' | 'videos'): Promise<void> {
  const breather = new Breather();
  const first = new Map<string, Video>();
  const shared = new Map<string, Video[]>();
  for (const video of found) {
    const other = first.get(video.id);
    if (other === undefined) first.set(video.id, video);
    else shared.set(video.id, [...(shared.get(video.id) ?? [other]), video]);
    if (breather.isDue) await breather.rest();
  }
  if (shared.size === 0) return;
  const some = (list: readonly string[], most: number, mark: string) =>
    `${list.slice(0, most).join(mark)}${list.length > most ? `${mark}and ${list.length - most} more` : ''}`;
  const each = [...shared].map(([id, videos]) => {
    const paths = videos.map(({ path }) => path);
    return `'${id}' (${some(paths, LISTED_FILES, ', ')})`;
  });
  const ids = shared.size === 1 ? 'the same item id' : `the same item id, for ${shared.size} ids`;
  throw new UsageError(`several inputs have ${ids}: ${some(each, LISTED_IDS, '; ')}`, {
    code: 'duplicate-id',
    remedy: WAYS_OUT[by](found),
  });
}

const WAYS_OUT = {
  inputs: wayOutOfNames,
  manifest: () => 'Give each of these rows an id of its own.',
  videos: () => 'Give each of these videos an `id` of its own.',
};

function wayOutOfNames(found: readonly Video[]): string {
  const rule = (['parent', 'path'] as const).find(
    (each) => new Set(found.map(({ path, source }) => itemId(path, each, source))).size === found.length,
  );
  const own = 'ename files, or list them with ids in a CSV file for `manifest` (columns path,item_id).';
  if (rule === undefined) return `R${own}`;
  const becomes = rule === 'parent' ? 'the name of its directory' : 'its path below the input';
  return `Add \`id: '${rule}'\`: ${becomes} becomes the id of a file, and no two are the same. Or r${own}`;
}
