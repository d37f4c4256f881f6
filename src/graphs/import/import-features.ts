import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { makeDirectory, removeStaleTemporaries } from '../../core/atomic-file.ts';
import { Breather } from '../../core/breather.ts';
import { FlowError, UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { ItemStoreWriter } from '../../io/dataset/item-store-writer.ts';
import { checkStreamName } from '../../io/dataset/schema.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import { readItemIds } from '../../io/ratings/read-item-ids.ts';
import { type CategoryList, openYears, readCategories, readGenres } from './category-lists.ts';
import { type DenseStream, denseStreams, readDense, readyDense } from './dense-streams.ts';
import { featureFault } from './feature-fault.ts';
import {
  checkImport,
  type FeatureInput,
  featureInput,
  type ImportOptions,
  type ImportSummary,
  streamName,
  usualWords,
} from './import-options.ts';
import { ItemIndex } from './item-index.ts';
import { openTexts } from './item-texts.ts';
import { networkText } from './network-text.ts';
import { openFeatures } from './open-features.ts';
import { readyCategories } from './ready-categories.ts';
import type { ReadyStream } from './ready-stream.ts';
import { readyText } from './ready-text.ts';
import { clockOf } from './text-windows.ts';

/** How many ids a summary names. */
const NAMED = 10;

/**
 * Makes a training store from features that come from elsewhere: CSV, JSON lines, NumPy, Parquet or
 * Arrow, lists of genres and other categories, and texts. Each file is a stream; items are joined
 * by their ids, and `1` and `1.0` are the same id.
 *
 * Each file of features is read once, into a temporary file beside `out`; memory holds the ids, 12
 * bytes for each row, at most 64 MiB of values, and lists of categories. Texts are read twice:
 * memory holds their distinct words, then 8 bytes for each chosen word of each subclip, and all of
 * a CSV file.
 *
 * @param files paths, `NAME=PATH`, or inputs with their own options.
 * @param out the training store, which appears as a whole; an existing one is replaced.
 * @throws UsageError `features` when a file or a line of it is wrong, `dataset` for a damaged table
 * or when `out` is something else, `ratings` for a list of movies; ModelError `weights` for damaged
 * arrays; FlowError `aborted`.
 *
 * @example
 * const { items, streams } = await importFeatures(['visual=avf.csv', 'audio=ivectors.npz'], 'items.arrow', { genres: 'ml-latest-small/movies.csv' });
 */
export async function importFeatures(
  files: readonly (string | FeatureInput)[],
  out: string,
  options: ImportOptions = {},
): Promise<ImportSummary> {
  const started = performance.now();
  const inputs = files.map((file) => (typeof file === 'string' ? featureInput(file) : file));
  checkImport(inputs, out, options);
  const check = () => {
    if (options.signal?.aborted)
      throw new FlowError('aborted', 'the import was stopped', { cause: options.signal.reason });
  };
  await refuseOther(out);
  const directory = options.dryRun === true ? tmpdir() : dirname(resolve(out));
  if (options.dryRun !== true) {
    await makeDirectory(directory);
    await removeStaleTemporaries(directory);
  }
  const lists = await readLists(options, inputs);
  const texts = options.text && (await openTexts(options.text));
  const named = [...lists.map(({ name }) => name), ...(texts ? ['text'] : [])];
  const items = new ItemIndex();
  const dense: DenseStream[] = [];
  try {
    for (const input of inputs) {
      check();
      const file = await openFeatures(input.path, input, { directory, check });
      try {
        const streams = denseStreams(file, input, directory);
        dense.push(...streams);
        checkNames([...dense.map(({ rows }) => rows.name), ...named]);
        await readDense(file, streams, items, false, check);
      } finally {
        await file.close?.();
      }
    }
    if (inputs.length === 0) {
      for (const { categoriesOf } of lists) for (const id of categoriesOf.keys()) items.add(id);
      for (const id of texts?.ids ?? []) items.add(id);
    }
    if (options.year === true && options.genres !== undefined) {
      const years = await openYears(options.genres);
      const streams = denseStreams(years, { path: years.path, name: 'year' }, directory);
      dense.push(...streams);
      checkNames([...dense.map(({ rows }) => rows.name), ...named]);
      await readDense(years, streams, items, true, check);
    }
    const fitOn = options.fitOn === undefined ? undefined : await fittedItems(options.fitOn, items);
    const fitted = fitOn?.fitted;
    const rules = {
      standardise: options.standardise ?? 'robust',
      missing: options.missing ?? 'refuse',
      fitted,
    } as const;
    const streams: ReadyStream[] = [];
    for (const each of dense) streams.push(await readyDense(each, items.ids, rules, check));
    for (const list of lists) streams.push(readyCategories(list, items.ids, options.minimumItems ?? 5, fitted));
    if (texts !== undefined) {
      const { minimumItems = 5, textWords: words = usualWords, textSubclips = 1, textClock } = options;
      const clock = textClock === undefined ? undefined : await clockOf(textClock, textSubclips);
      const rules = { minimumItems, words, subclips: textSubclips, clock, fitted };
      const { textNetwork: card } = options;
      streams.push(
        card === undefined
          ? await readyText(texts, items.ids, rules, check)
          : await networkText(texts, items.ids, { ...rules, card }, check),
      );
    }
    const subclips = commonSubclips(streams);
    check();
    const how = {
      standardise: rules.standardise,
      missing: rules.missing,
      fitOn: fitOn && { file: fitOn.file, items: fitOn.items, unknown: fitOn.unknown },
    };
    const { written, leftOut } =
      options.dryRun === true
        ? counted(items.ids, streams)
        : await writeStore(out, items.ids, streams, subclips, how, check);
    return {
      out,
      items: written,
      subclips,
      streams: streams.map((stream) => summaryOf(stream, items.ids, streams)),
      ...how,
      leftOut: { count: leftOut.length, first: leftOut.slice(0, NAMED) },
      wallSeconds: (performance.now() - started) / 1000,
    };
  } finally {
    for (const { rows } of dense) rows.close();
  }
}

/** An existing file is replaced only if it looks like a training store. */
async function refuseOther(out: string): Promise<void> {
  const file = await open(out, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw featureFault(out, `cannot be written: ${wordsOf(error)}`, 'Name another file.', error);
  });
  if (file === undefined) return;
  try {
    const head = Buffer.alloc(6);
    const isStore = !(await file.stat()).isDirectory() && (await file.read(head, 0, 6, 0)).bytesRead === 6;
    if (isStore && head.toString('latin1') === 'ARROW1') return;
  } finally {
    await file.close();
  }
  throw featureFault(
    out,
    'exists and is not a training store, so it is not overwritten',
    "Name a new file: `out: 'items.arrow'`.",
  );
}

async function readLists(options: ImportOptions, inputs: readonly FeatureInput[]): Promise<CategoryList[]> {
  const lists = options.genres === undefined ? [] : [await readGenres(options.genres)];
  for (const { file, column, name } of options.categories ?? []) {
    lists.push(await readCategories(file, column, name ?? streamName(column), inputs[0]?.id));
  }
  return lists;
}

function checkNames(names: readonly string[]): void {
  for (const name of names) checkStreamName(name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new UsageError(`two streams have the name '${twice}'`, {
    code: 'features',
    remedy: 'Give each a different name: visual=FILE audio=FILE.',
  });
}

async function fittedItems(file: string, items: ItemIndex) {
  const ids = [...new Set([...(await readItemIds(file))].map(plainId))];
  const numbers = ids.map((id) => items.find(id));
  const fitted = new Set(numbers.filter((item) => item !== undefined));
  return { fitted, file, items: fitted.size, unknown: ids.length - fitted.size };
}

/**
 * The number of rows per item.
 * @throws UsageError `features` when streams have different numbers of rows greater than one.
 */
function commonSubclips(streams: readonly ReadyStream[]): number {
  const longest = streams.reduce((best, each) => (each.rowsPerItem > best.rowsPerItem ? each : best));
  const other = streams.find(({ rowsPerItem }) => rowsPerItem !== 1 && rowsPerItem !== longest.rowsPerItem);
  if (other === undefined) return longest.rowsPerItem;
  throw new UsageError(
    `all streams of a store must have the same number of subclips, or one, but '${longest.name}' has ${longest.rowsPerItem} and '${other.name}' ${other.rowsPerItem}`,
    { code: 'features', remedy: 'Cut both into the same number, or make a store of each.' },
  );
}

/** Counts what `writeStore` would write. */
function counted(itemIds: readonly string[], streams: readonly ReadyStream[]): { written: number; leftOut: string[] } {
  const leftOut = itemIds.filter((_, item) => !streams.some((stream) => stream.has(item)));
  return { written: itemIds.length - leftOut.length, leftOut };
}

async function writeStore(
  out: string,
  itemIds: readonly string[],
  streams: readonly ReadyStream[],
  subclips: number,
  how: Pick<ImportSummary, 'standardise' | 'missing' | 'fitOn'>,
  check: () => void,
): Promise<{ written: number; leftOut: string[] }> {
  const described = streams.map(({ name, kind, file, described: own }) => ({ name, kind, file, ...own }));
  const metadata = {
    kinds: JSON.stringify(Object.fromEntries(streams.map(({ name, kind }) => [name, kind]))),
    import: JSON.stringify({ software: softwareVersion(), ...how, streams: described }),
  };
  const shape = { subclips, streams: streams.map(({ name, dimension }) => ({ name, dimension })) };
  const buffers = streams.map(({ dimension }) => new Float32Array(subclips * dimension));
  const breather = new Breather();
  const leftOut: string[] = [];
  const writer = await ItemStoreWriter.create(out, shape, metadata);
  let written = 0;
  try {
    for (const [item, itemId] of itemIds.entries()) {
      const vectors: Record<string, Float32Array | undefined> = {};
      for (const [index, stream] of streams.entries()) {
        const buffer = buffers[index] as Float32Array;
        if (stream.has(item)) vectors[stream.name] = filled(stream, item, buffer);
      }
      if (Object.keys(vectors).length === 0) leftOut.push(itemId);
      else {
        await writer.add({ itemId, vectors });
        written += 1;
      }
      if (breather.isDue) {
        await breather.rest();
        check();
      }
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return { written, leftOut };
}

/** The vectors of an item; its only row serves for every subclip. */
function filled(stream: ReadyStream, item: number, buffer: Float32Array): Float32Array {
  const length = stream.rowsPerItem * stream.dimension;
  stream.read(item, buffer.subarray(0, length));
  for (let end = length; end < buffer.length; end += length) buffer.copyWithin(end, 0, length);
  return buffer;
}

function summaryOf(
  stream: ReadyStream,
  itemIds: readonly string[],
  streams: readonly ReadyStream[],
): ImportSummary['streams'][number] {
  const { name, kind, file, dimension, dropped, passedOver, missingValues } = stream;
  const inStore = [...itemIds.keys()].filter((item) => streams.some((each) => each.has(item)));
  const lacking = inStore.filter((item) => !stream.has(item)).map((item) => itemIds[item] as string);
  return {
    ...{ name, kind, file, dimension, items: inStore.length - lacking.length },
    lacking: { count: lacking.length, first: lacking.slice(0, NAMED) },
    ...{ dropped, passedOver, missingValues },
  };
}
