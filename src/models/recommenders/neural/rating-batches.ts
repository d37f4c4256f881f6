import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed, Feeds } from '../../autodiff/feeds.ts';
import type { EvaluationBatch } from '../../autodiff/trainer-options.ts';
import type { FeatureReader } from './feature-reader.ts';
import { inputNames } from './input-names.ts';

/** Pairs of user and item, with a rating where it is known. */
export interface RatingPairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values?: Float32Array | undefined;
}

/** Maximum number of unique items in one run of an evaluation: it bounds memory. */
const evaluatedItems = 128;
/** Maximum number of ratings predicted in one run. */
const evaluatedRatings = 4096;

/** Rows by item, then by number: the order in which ratings are predicted. */
export function evaluationOrder(items: Int32Array): Int32Array {
  return Int32Array.from(items.keys()).sort((a, b) => (items[a] as number) - (items[b] as number) || a - b);
}

/** Makes feeds of ratings. */
export class RatingFeeds {
  readonly #pairs: RatingPairs;
  readonly #reader: FeatureReader | undefined;
  readonly #known: Uint8Array;
  readonly #weights: Float32Array | undefined;
  /** Place of an item among the unique ones of a batch, valid while its stamp is the batch's. */
  readonly #places: Int32Array;
  readonly #stamps: Int32Array;
  #stamp = 0;

  /**
   * @param known for each item 1 where ratings of it were learnt.
   * @param weights how much each rating counts, where they do not count alike.
   */
  constructor(pairs: RatingPairs, known: Uint8Array, reader: FeatureReader | undefined, weights?: Float32Array) {
    this.#weights = weights;
    this.#pairs = pairs;
    this.#reader = reader;
    this.#known = known;
    this.#places = new Int32Array(known.length);
    this.#stamps = new Int32Array(known.length);
  }

  /** The feeds of these rows of the ratings, or of others. */
  async of(rows: Int32Array, buffers: FeedBuffers, pairs: RatingPairs = this.#pairs): Promise<Feeds> {
    const { users, items, values } = pairs;
    const count = rows.length;
    const taken = (from: Int32Array): BatchFeed => {
      const data = buffers.integers(count);
      for (let index = 0; index < count; index++) data[index] = from[rows[index] as number] as number;
      return { data, shape: [count] };
    };
    const known = buffers.reals(count);
    for (let index = 0; index < count; index++) {
      known[index] = this.#known[items[rows[index] as number] as number] as number;
    }
    const feeds: Record<string, BatchFeed> = {
      [inputNames.users]: taken(users),
      [inputNames.items]: taken(items),
      [inputNames.known]: { data: known, shape: [count, 1] },
    };
    for (const [name, from] of [
      [inputNames.ratings, values],
      [inputNames.weights, this.#weights],
    ] as const) {
      if (from === undefined) continue;
      const data = buffers.reals(count);
      for (let index = 0; index < count; index++) data[index] = from[rows[index] as number] as number;
      feeds[name] = { data, shape: [count, 1] };
    }
    if (!this.#reader) return feeds;
    const { places, unique } = this.#placesOf(rows, items, buffers);
    feeds[inputNames.itemPlaces] = { data: places, shape: [count] };
    return { ...feeds, ...(await this.#reader.read(unique, buffers)) };
  }

  /**
   * All ratings in batches for evaluation: sorted by item, so that the content of an item is
   * computed once or twice in all. `order` says which rows a batch has.
   */
  async *evaluation(buffers: FeedBuffers): AsyncGenerator<EvaluationBatch & { readonly order: Int32Array }> {
    const { items, values } = this.#pairs;
    const order = evaluationOrder(items);
    for (let start = 0; start < order.length; ) {
      let end = start;
      for (let unique = 0; end < order.length && end - start < evaluatedRatings; end++) {
        const isNew = end === start || items[order[end] as number] !== items[order[end - 1] as number];
        if (isNew && ++unique > evaluatedItems) break;
      }
      const part = order.subarray(start, end);
      const targets = values ? Float32Array.from(part, (row) => values[row] as number) : new Float32Array(0);
      yield { rows: part.length, feeds: await this.of(part, buffers), targets, order: part };
      start = end;
    }
  }

  #placesOf(rows: Int32Array, items: Int32Array, buffers: FeedBuffers): { places: Int32Array; unique: Int32Array } {
    this.#stamp++;
    const unique: number[] = [];
    const places = buffers.integers(rows.length);
    for (const [index, row] of rows.entries()) {
      const item = items[row] as number;
      if (this.#stamps[item] !== this.#stamp) {
        this.#stamps[item] = this.#stamp;
        this.#places[item] = unique.length;
        unique.push(item);
      }
      places[index] = this.#places[item] as number;
    }
    return { places, unique: Int32Array.from(unique) };
  }
}
