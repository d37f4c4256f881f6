import { existsSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { isDynamicPattern } from 'tinyglobby';
import { Breather } from '../core/breather.ts';
import { UsageError } from '../core/errors.ts';
import { ITEM_COLUMNS } from '../io/dataset/items-file.ts';
import { type PassedOver, passedOverText } from '../io/media/media-directory.ts';
import { mediaPaths, Video } from '../io/media/video.ts';

/** Where a corpus comes from: inputs (files, directories, globs) or a manifest, not both. */
export interface CorpusOptions {
  readonly inputs?: readonly string[] | undefined;
  /** A CSV file with a header and the columns `path` and `item_id`; paths are relative to the file. */
  readonly manifest?: string | undefined;
  /** Takes only the first items, in the corpus's order. */
  readonly limit?: number | undefined;
  /** Told in a sentence what the directories hold beside media. */
  readonly onPassedOver?: ((text: string) => void) | undefined;
}

/**
 * Lists the videos of a corpus without opening any, in a fixed order: inputs sorted by path, a manifest in its own order.
 *
 * @throws UsageError when there is none, an input does not exist, or two inputs share an item id.
 *
 * @example
 * const corpus = await listCorpus({ inputs: ['trailers/'] });
 */
export async function listCorpus(options: CorpusOptions): Promise<Video[]> {
  const inputs = options.inputs ?? [];
  if (options.manifest !== undefined && inputs.length > 0) {
    throw new UsageError('a corpus is either a list of inputs or a manifest, but both were given');
  }
  const found =
    options.manifest !== undefined
      ? await readManifest(options.manifest)
      : await readInputs(inputs, options.onPassedOver);
  if (found.length === 0) {
    throw new UsageError('no inputs were given, or the manifest has no rows', {
      code: 'no-inputs',
      remedy: 'Name video or audio files, directories, globs, or a CSV with --manifest.',
    });
  }
  await checkUniqueIds(found);
  return options.limit === undefined ? found : found.slice(0, options.limit);
}

/**
 * The directories, globs and manifests of which a corpus has everything, absolute: what of a dataset was found there and is not in the corpus is no input any
 * more. None when the corpus is cut short by `limit`.
 */
export function coverageOf(options: Pick<CorpusOptions, 'inputs' | 'manifest' | 'limit'>): readonly string[] {
  if (options.limit !== undefined) return [];
  if (options.manifest !== undefined) return [resolve(options.manifest)];
  return (options.inputs ?? []).flatMap((input) => sourceOf(input) ?? []);
}

/** What videos are found by that an input names; undefined of a file, which names itself. */
function sourceOf(input: string): string | undefined {
  const kind = statSync(input, { throwIfNoEntry: false });
  return kind?.isFile() === true || (kind === undefined && !isDynamicPattern(input)) ? undefined : resolve(input);
}

async function readInputs(inputs: readonly string[], tell: CorpusOptions['onPassedOver']): Promise<Video[]> {
  if (inputs.length === 0) return [];
  const found: Video[] = [];
  const breather = new Breather();
  for (const input of inputs) {
    if (!isDynamicPattern(input) && !existsSync(input)) {
      throw new UsageError(`there is no file or directory '${input}'`, { code: 'no-inputs' });
    }
    if (breather.isDue) await breather.rest();
  }
  const passedOver: PassedOver[] = [];
  const onPassedOver = (files: readonly PassedOver[]): void => {
    for (const file of files) passedOver.push(file);
  };
  let index = 0;
  for await (const paths of mediaPaths(inputs, { onPassedOver })) {
    const source = sourceOf(inputs[index] as string);
    index += 1;
    for (const path of paths) {
      found.push(new Video(path, { source }));
      if (breather.isDue) await breather.rest();
    }
  }
  const text = passedOverText(passedOver);
  if (text !== undefined) tell?.(text);
  return found;
}

async function readManifest(manifest: string): Promise<Video[]> {
  let text: string;
  try {
    text = await readFile(manifest, 'utf8');
  } catch (error) {
    throw new UsageError(`the manifest ${manifest} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, relax_column_count: false });
  } catch (error) {
    throw new UsageError(`the manifest ${manifest} is not a CSV file with a header: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const source = resolve(manifest);
  return rows.map((row, index) => {
    const { path, item_id: id, ...others } = row;
    if (!path || !id) {
      throw new UsageError(
        `${manifest}, row ${index + 1}: the columns \`path\` and \`item_id\` must both have a value`,
      );
    }
    const more = Object.fromEntries(
      Object.entries(others).map(([name, value]) => [ITEM_COLUMNS.includes(name) ? `manifest_${name}` : name, value]),
    );
    return new Video(resolve(dirname(manifest), path), {
      id,
      source,
      ...(Object.keys(more).length === 0 ? {} : { more }),
    });
  });
}

/** @throws UsageError `duplicate-id` when two videos have one id. */
export async function checkUniqueIds(found: readonly Video[]): Promise<void> {
  const breather = new Breather();
  const byId = new Map<string, Video>();
  for (const video of found) {
    const other = byId.get(video.id);
    if (other !== undefined) {
      throw new UsageError(`two inputs have the item id '${video.id}': ${other.path} and ${video.path}`, {
        code: 'duplicate-id',
        remedy: 'Rename one, or give ids with --manifest (columns path,item_id).',
      });
    }
    byId.set(video.id, video);
    if (breather.isDue) await breather.rest();
  }
}

/** Bytes of a file, 0 when it cannot be read: its own verdict comes when it is opened. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
