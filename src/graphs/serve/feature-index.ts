import { AskedOnce } from '../../core/asked-once.ts';
import { UsageError } from '../../core/errors.ts';
import { type NearRow, type RowRange, UnitRows } from '../../models/analysis/unit-length-rows.ts';
import { dimensionOf, type FeatureTable, openFeatureTable } from '../analysis/feature-rows.ts';
import { meanOf } from '../analysis/mean-of.ts';
import { type FeatureSearch, type FoundFeatures, searchTable } from '../analysis/search-features.ts';

/** A search in an index. */
export interface IndexQuestion {
  readonly item: string;
  /** Counted from 0. Without it, items are compared by the means of their subclips. */
  readonly subclip?: number | undefined;
  readonly stream?: string | undefined;
  readonly k: number;
}

/** Maximum bytes of a stream to hold; a larger one is read for each question. */
const MOST_BYTES = 2 * 2 ** 30;

/** The rows of a stream and its items' means, as unit vectors. */
interface StreamIndex {
  readonly items: readonly string[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly means: UnitRows;
  readonly rows: UnitRows;
  /** The item that each row belongs to, and the number of its subclip. */
  readonly rowsOf: readonly number[];
  readonly subclips: readonly number[];
  /** The first row of each item, followed by the total number of rows. */
  readonly starts: readonly number[];
}

/**
 * Features held in memory for many searches: as exact as `searchFeatures`, up to float32 rounding.
 * It holds the state of a stream at the time of the first request for it.
 */
export class FeatureIndex {
  readonly path: string;
  readonly #table: FeatureTable;
  readonly #mostBytes: number;
  readonly #streams = new AskedOnce<StreamIndex | undefined, string>();

  private constructor(path: string, table: FeatureTable, mostBytes: number) {
    this.path = path;
    this.#table = table;
    this.#mostBytes = mostBytes;
  }

  /**
   * @param mostBytes of a stream that are held.
   * @throws UsageError `dataset` when there are no features, or several tables of them.
   */
  static async open(path: string, mostBytes = MOST_BYTES): Promise<FeatureIndex> {
    return new FeatureIndex(path, await openFeatureTable(path), mostBytes);
  }

  /** Directory of the dataset, if the features are a dataset's. */
  get directory(): string | undefined {
    return this.#table.directory;
  }

  get streams(): FeatureTable['streams'] {
    return this.#table.streams;
  }

  /** Streams made by a network with random weights. */
  get random(): readonly string[] {
    return this.#table.random;
  }

  /** Ids of all items that have a stream. */
  async itemIds(stream?: string): Promise<readonly string[] | undefined> {
    return (await this.#index(this.#streamOf(stream)))?.items;
  }

  /** Which subclips of an item have a stream. */
  async subclipsOf(item: string, stream?: string): Promise<readonly number[]> {
    const index = await this.#index(this.#streamOf(stream));
    const number = index?.numbers.get(item);
    if (index === undefined || number === undefined) return [];
    return index.subclips.slice(index.starts[number], index.starts[number + 1]);
  }

  /** Like `searchFeatures`, and throws the same errors. */
  async search({ item, subclip, stream: asked, k }: IndexQuestion): Promise<Omit<FeatureSearch, 'path'>> {
    const stream = this.#streamOf(asked);
    const index = await this.#index(stream);
    if (index === undefined) return searchTable(this.#table, { item, subclip, stream, k });
    const own = index.numbers.get(item);
    if (own === undefined) throw unknown(`there is no item '${item}' with ${stream} features`);
    const random = this.random.includes(stream);
    if (subclip === undefined) {
      const [found = []] = await index.means.nearest([own], k, { first: own, end: own + 1 });
      const named = found.map(({ row, similarity }) => ({ item: index.items[row] as string, similarity }));
      return { stream, compared: index.items.length - 1, random, found: named };
    }
    const rows = ownRows(index, own);
    const [found = []] = await index.rows.nearest([rowOf(index, own, subclip, item)], k, rows);
    const compared = index.rowsOf.length - (rows.end - rows.first);
    return { stream, compared, random, found: found.map((near) => foundSubclip(index, near)) };
  }

  /** For each of these subclips of an item, the most similar one of another item. */
  async nearestSubclips(
    item: string,
    subclips: readonly number[],
    stream: string,
  ): Promise<readonly (FoundFeatures | undefined)[]> {
    const index = await this.#index(stream);
    if (index === undefined) {
      const found: (FoundFeatures | undefined)[] = [];
      for (const subclip of subclips) found.push((await this.search({ item, subclip, stream, k: 1 })).found[0]);
      return found;
    }
    const own = index.numbers.get(item);
    if (own === undefined) throw unknown(`there is no item '${item}' with ${stream} features`);
    const queries = subclips.map((subclip) => rowOf(index, own, subclip, item));
    const found = await index.rows.nearest(queries, 1, ownRows(index, own));
    return found.map(([near]) => near && foundSubclip(index, near));
  }

  /**
   * How many products of two numbers `nearestSubclips` takes for each subclip, at most; undefined
   * if the stream is read for each question.
   */
  async productsOf(stream: string): Promise<number | undefined> {
    const index = await this.#index(stream);
    return index && index.rowsOf.length * dimensionOf(this.streams, stream, 'this');
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #streamOf(asked: string | undefined): string {
    const stream = asked ?? this.streams[0]?.name ?? '';
    dimensionOf(this.streams, stream, 'this');
    return stream;
  }

  /** Read on first use; undefined if it is too large. */
  #index(stream: string): Promise<StreamIndex | undefined> {
    return this.#streams.ask(() => this.#read(stream), stream);
  }

  async #read(stream: string): Promise<StreamIndex | undefined> {
    const dimension = dimensionOf(this.streams, stream, 'this');
    const [means, rows] = [new UnitRows(dimension), new UnitRows(dimension)];
    const items: string[] = [];
    const [rowsOf, subclips, starts]: [number[], number[], number[]] = [[], [], [0]];
    for await (const { itemId, vectors } of this.#table.items(stream)) {
      const mean = meanOf(vectors);
      if (mean === undefined) continue;
      means.add(mean);
      for (const [subclip, vector] of vectors.entries()) {
        if (vector === undefined) continue;
        rows.add(vector);
        rowsOf.push(items.length);
        subclips.push(subclip);
      }
      items.push(itemId);
      starts.push(rowsOf.length);
      if (means.bytes + rows.bytes > this.#mostBytes) return undefined;
    }
    const numbers = new Map(items.map((id, number) => [id, number]));
    return { items, numbers, means, rows, rowsOf, subclips, starts };
  }
}

function rowOf({ starts, subclips }: StreamIndex, own: number, subclip: number, item: string): number {
  for (let row = starts[own] as number; row < (starts[own + 1] as number); row++)
    if (subclips[row] === subclip) return row;
  throw unknown(`item '${item}' has no features of subclip ${subclip}`);
}

function ownRows({ starts }: StreamIndex, own: number): RowRange {
  return { first: starts[own] as number, end: starts[own + 1] as number };
}

function foundSubclip({ items, rowsOf, subclips }: StreamIndex, { row, similarity }: NearRow): FoundFeatures {
  return { item: items[rowsOf[row] as number] as string, subclip: subclips[row] as number, similarity };
}

function unknown(what: string): UsageError {
  return new UsageError(what, { code: 'unknown-item', option: 'item' });
}
