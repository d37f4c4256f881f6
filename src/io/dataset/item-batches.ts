import { type BatchBuffer, ItemRing, type ItemSource } from './item-ring.ts';
import { shuffledOrder } from './shuffle.ts';

/** Options of `ItemStore.batches`. */
export interface ItemBatchOptions {
  /** Items in a batch. */
  readonly batchSize: number;
  /**
   * Whether each epoch has its own random order (default false: the order of the file, or of
   * `items`).
   */
  readonly shuffle?: boolean | undefined;
  /**
   * Seed of the orders of shuffled epochs, an integer (default 0). The same seed gives the
   * same orders everywhere.
   */
  readonly seed?: number | undefined;
  /** How many batches to read ahead of the one in use (default 1). */
  readonly prefetch?: number | undefined;
  /** Ids of the items to read, if not all; an id that is listed twice is read twice. */
  readonly items?: readonly string[] | undefined;
  /** Whether to leave out a last batch of fewer items (default false). */
  readonly dropLast?: boolean | undefined;
  /** When aborted, the iteration ends with FlowError `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Some items in one set of arrays. */
export interface ItemBatch {
  readonly itemIds: readonly string[];
  /** Number of items. */
  readonly size: number;
  /**
   * For each stream, size x subclips x dimension floats, row-major, in a reused buffer: valid until
   * the next batch is requested.
   */
  readonly streams: Readonly<Record<string, Float32Array>>;
  /**
   * For each stream, one byte per item: 1 if the item has the stream, else 0, with zeros as floats.
   */
  readonly present: Readonly<Record<string, Uint8Array>>;
}

/** See `ItemStore.batches`. */
export class ItemBatches implements AsyncIterable<ItemBatch> {
  readonly #options: ItemBatchOptions;
  readonly #items: Uint32Array;
  readonly #source: ItemSource;
  /**
   * Buffers of the previous epoch, unless they have been garbage-collected: nothing is held between
   * epochs.
   */
  #spare: WeakRef<readonly BatchBuffer[]> | undefined;
  #epoch = 0;

  constructor(options: ItemBatchOptions, items: Uint32Array, source: ItemSource) {
    this.#options = options;
    this.#items = items;
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncGenerator<ItemBatch> {
    const { shuffle = false, seed = 0 } = this.#options;
    const epoch = this.#epoch;
    this.#epoch += 1;
    const order = shuffle ? shuffledOrder(this.#items.length, seed, epoch) : undefined;
    return this.#run(order?.map((place) => this.#items[place] as number) ?? this.#items);
  }

  async *#run(order: Uint32Array): AsyncGenerator<ItemBatch> {
    const { batchSize, prefetch = 1, dropLast = false } = this.#options;
    const batches = dropLast ? Math.floor(order.length / batchSize) : Math.ceil(order.length / batchSize);
    const size = Math.min(batchSize, order.length);
    const ring = new ItemRing(this.#source, size, this.#options.signal, this.#spare?.deref() ?? []);
    this.#spare = undefined;
    const waiting: { readonly items: Uint32Array; readonly buffer: Promise<BatchBuffer> }[] = [];
    try {
      for (let [given, asked] = [0, 0]; given < batches; given += 1) {
        for (; asked < batches && waiting.length <= prefetch; asked += 1) {
          const items = order.subarray(asked * batchSize, (asked + 1) * batchSize);
          waiting.push({ items, buffer: ring.fill(items) });
        }
        const { items, buffer: reading } = waiting.shift() as (typeof waiting)[number];
        const buffer = await reading;
        ring.check();
        yield this.#batch(items, buffer);
        ring.giveBack(buffer);
      }
    } finally {
      this.#spare = new WeakRef(await ring.close());
    }
  }

  #batch(items: Uint32Array, buffer: BatchBuffer): ItemBatch {
    const { shape, itemIds } = this.#source;
    const size = items.length;
    const streams: Record<string, Float32Array> = {};
    const present: Record<string, Uint8Array> = {};
    for (const [index, { name, dimension }] of shape.streams.entries()) {
      streams[name] = (buffer.streams[index] as Float32Array).subarray(0, size * shape.subclips * dimension);
      present[name] = (buffer.present[index] as Uint8Array).subarray(0, size);
    }
    return { itemIds: Array.from(items, (item) => itemIds[item] as string), size, streams, present };
  }
}
