import { checkInteger, checkString } from '../../core/check.ts';
import { FlowError, UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { TopFound } from '../../models/analysis/top-found.ts';
import { openSource } from '../reduction/source-dataset.ts';
import { type TableChoice, tableChoice } from '../table-choice.ts';
import { type ClipOptions, type ClipVector, clipVector } from './clip-vector.ts';
import { type FeatureTable, openFeatureTable } from './feature-rows.ts';
import { meanOf } from './mean-of.ts';
import { type TextOptions, textVector } from './text-vector.ts';

/**
 * What to search for, and where. Exactly one of `item`, `vector`, `like` and `text` must be given.
 */
export interface SearchFeaturesOptions extends TableChoice {
  /** Id of an item in the features. */
  readonly item?: string | undefined;
  /**
   * A subclip of that item, counted from 0 as in the tables. Without it, items are compared by the
   * means of their subclips.
   */
  readonly subclip?: number | undefined;
  /** Values to compare with, as many as a row has. Compares subclips. */
  readonly vector?: ArrayLike<number> | undefined;
  /**
   * A clip, which need not be in the dataset: it is decoded and embedded as the dataset was. A
   * moment of the clip is compared with subclips, the whole clip with items.
   */
  readonly like?: ClipOptions | undefined;
  /** A text, for a dataset made by a joint text-image network. Compares subclips. */
  readonly text?: TextOptions | undefined;
  /** Which stream. Default: the first. */
  readonly stream?: string | undefined;
  /** Maximum number of results. Default 10. */
  readonly k?: number | undefined;
}

const known: KnownOptions<SearchFeaturesOptions> = {
  ...{ item: true, subclip: true, vector: true, like: true, text: true, stream: true, k: true },
  ...tableChoice,
};

/** An item, or one of its subclips, that resembles what was searched for. */
export interface FoundFeatures {
  readonly item: string;
  /** Counted from 0, as in the tables; left out if items are compared. */
  readonly subclip?: number | undefined;
  /** Cosine of the two vectors, -1 to 1. */
  readonly similarity: number;
}

/** The result of a search. */
export interface FeatureSearch {
  readonly path: string;
  readonly stream: string;
  /** How many rows were compared. */
  readonly compared: number;
  /** Whether a network with random weights made the stream: then similarity is meaningless. */
  readonly random: boolean;
  /** For a moment of a clip: the subclip that contains it, as the dataset would cut it. */
  readonly moment?: ClipVector['subclip'] | undefined;
  /** Most similar first. */
  readonly found: readonly FoundFeatures[];
}

/** The vector that every row is compared with. */
interface Query {
  readonly vector: ArrayLike<number>;
  /** Whether items are compared, by their means. */
  readonly whole: boolean;
  readonly moment?: ClipVector['subclip'] | undefined;
}

/**
 * Finds what is most like an item, a subclip, a clip, a text or a vector, by cosine: every row of a
 * dataset or a training store is compared, so the result is exact. Holds one item and the `k` best
 * at a time. The item searched for, and its subclips, are never among the results.
 *
 * @throws UsageError `dataset` when there are no such features; `unknown-item` when the item, its
 * subclip or its stream does not exist; as `clipVector` and `textVector` for a clip or a text.
 * @example
 * const { found } = await searchFeatures('reduced/', { item: 'tt0111161', subclip: 3 });
 */
export async function searchFeatures(path: string, options: SearchFeaturesOptions): Promise<FeatureSearch> {
  checkKnownOptions('searchFeatures', options, known);
  checkAsked(options);
  const table = await openFeatureTable(path, options);
  try {
    return { path, ...(await searchTable(table, options)) };
  } catch (error) {
    throw table.speaking(error);
  } finally {
    await table.close();
  }
}

/** @throws UsageError unless one thing is searched for. */
function checkAsked(options: SearchFeaturesOptions): void {
  checkInteger('k', options.k ?? 10);
  const asked = (['item', 'vector', 'like', 'text'] as const).filter((name) => options[name] !== undefined);
  if (asked.length === 1) return;
  throw new UsageError(
    `a search needs one of \`item\`, \`like\`, \`text\` or \`vector\`, but was given ${asked.length}`,
    {
      option: 'item',
      remedy: "Say what is searched for: `item: 'ID'`, or `vector: [...]`.",
    },
  );
}

/** Searches a table that is open already. @throws as `searchFeatures`. */
export async function searchTable(
  table: FeatureTable,
  options: SearchFeaturesOptions,
): Promise<Omit<FeatureSearch, 'path'>> {
  const [first] = table.streams;
  const stream = options.stream ?? first?.name ?? '';
  const { vector, whole, moment } = await queryOf(table, stream, options);
  const query = normalised(vector);
  const top = new TopFound<FoundFeatures>(options.k ?? 10);
  let compared = 0;
  for await (const rows of table.items(stream)) {
    if (options.like?.signal?.aborted) throw new FlowError('aborted', 'the search was stopped');
    if (rows.itemId === options.item) continue;
    const vectors = whole ? [meanOf(rows.vectors)] : rows.vectors;
    for (const [subclip, vector] of vectors.entries()) {
      if (vector === undefined) continue;
      compared++;
      const similarity = cosine(query, vector);
      if (!top.takes(similarity)) continue;
      top.add({ item: rows.itemId, subclip: whole ? undefined : subclip, similarity });
    }
  }
  return { stream, compared, random: table.random.includes(stream), moment, found: top.sorted() };
}

async function queryOf(
  table: FeatureTable,
  stream: string,
  { item, subclip, vector, like, text, ...choice }: SearchFeaturesOptions,
): Promise<Query> {
  if (like !== undefined) {
    const directory = datasetOf(table, 'like');
    const { table: cut } = await openSource(directory, choice);
    const { vector: own, subclip: moment } = await clipVector(directory, like, cut, stream);
    return { vector: own, whole: like.at === undefined, moment };
  }
  if (text !== undefined) {
    const directory = datasetOf(table, 'text');
    return { vector: vectorOf(table, stream, await textVector(directory, text, stream)), whole: false };
  }
  if (item === undefined) return { vector: vectorOf(table, stream, vector ?? []), whole: false };
  return {
    vector: await vectorOfItem(table, stream, checkString('item', item), subclip),
    whole: subclip === undefined,
  };
}

/** @throws UsageError `dataset` for a training store, which does not record how it was made. */
function datasetOf({ directory, path }: FeatureTable, option: string): string {
  if (directory !== undefined) return directory;
  throw new UsageError(`${path} is not a dataset, so it does not know what made its vectors`, {
    code: 'dataset',
    option,
    remedy: 'Search the dataset that `extract` or `reduce` wrote.',
  });
}

async function vectorOfItem(
  table: FeatureTable,
  stream: string,
  item: string,
  subclip: number | undefined,
): Promise<ArrayLike<number>> {
  for await (const rows of table.items(stream, item)) {
    if (rows.itemId !== item) continue;
    const own = subclip === undefined ? meanOf(rows.vectors) : rows.vectors[checkInteger('subclip', subclip, 0)];
    if (own !== undefined) return Float64Array.from(own);
    const what = subclip === undefined ? `no ${stream} features` : `no ${stream} features of subclip ${subclip}`;
    throw new UsageError(`item '${item}' has ${what}; it has ${rows.vectors.length} subclip(s)`, {
      code: 'unknown-item',
      option: subclip === undefined ? 'item' : 'subclip',
    });
  }
  throw new UsageError(`${table.path} has no item '${item}'`, { code: 'unknown-item', option: 'item' });
}

function vectorOf(table: FeatureTable, stream: string, vector: ArrayLike<number>): ArrayLike<number> {
  const dimension = table.streams.find(({ name }) => name === stream)?.dimension;
  if (dimension === undefined || vector.length === dimension) return vector;
  throw new UsageError(`\`vector\` has ${vector.length} values, but rows of ${stream} have ${dimension}`, {
    option: 'vector',
  });
}

function normalised(vector: ArrayLike<number>): Float64Array {
  const own = Float64Array.from(vector);
  const length = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? own.map((value) => value / length) : own;
}

/** Cosine similarity; `unit` has length 1 already. A vector of zeros is similar to nothing. */
function cosine(unit: Float64Array, vector: ArrayLike<number>): number {
  let [product, square] = [0, 0];
  for (let axis = 0; axis < unit.length; axis++) {
    const value = vector[axis] as number;
    product += (unit[axis] as number) * value;
    square += value * value;
  }
  return square > 0 ? Math.min(1, product / Math.sqrt(square)) : 0;
}
