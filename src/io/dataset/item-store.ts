import { type FileHandle, open } from 'node:fs/promises';
import { checkBoolean, checkInteger, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { type ItemBatch, ItemBatches, type ItemBatchOptions } from './item-batches.ts';
import { checkBatchMessage, decodeItemFooter, type ItemFooter, OtherArrowError } from './item-footer.ts';
import { itemLayout } from './item-layout.ts';
import { END_OF_STREAM, MAGIC } from './item-messages.ts';
import { type Destinations, damagedStore, ItemReader, readBytes } from './item-reader.ts';
import type { Item, ItemShape } from './item-shape.ts';
import { MAX_FOOTER_BYTES } from './item-store-writer.ts';
import { notAStore, otherKind } from './not-a-store.ts';
import { trainingStorePath } from './training-store-path.ts';

/** Bytes of the footer's length and the final magic. */
const TAIL_BYTES = 4 + MAGIC.length;

/** Arrays to read an item into: `subclips * dimension` floats for each stream. */
export type ItemBuffer = Readonly<Record<string, Float32Array>>;

/** Thrown when a requested item is not in the store. */
export class MissingItemError extends UsageError {
  readonly itemId: string;
  /** File of the store. */
  readonly path: string;

  constructor(itemId: string, path: string) {
    super(`item '${itemId}' is not in ${path}`, {
      code: 'missing-item',
      remedy: 'Ask for the items in `itemIds`, or extract and reduce the item first.',
    });
    this.itemId = itemId;
    this.path = path;
  }
}

/**
 * A training store: the features of many items of one shape, read item by item or in shuffled
 * batches. The footer is read when the store is opened, and reading an item is then one positioned
 * read into the caller's memory; only the ids and 8 bytes for each item are held in memory. Any
 * number of processes and readers may read one file at the same time.
 *
 * The file is not trusted: a damaged footer is refused, and no read goes beyond its item. The
 * vectors themselves have no checksum: it would cost several times as much as the read.
 *
 * @example
 * const store = await ItemStore.open('reduced/');
 * for await (const { itemIds, streams } of store.batches({ batchSize: 128, shuffle: true, seed: 1 })) {
 *   // size x subclips x dimension floats, valid until the next batch is asked for
 *   console.log(itemIds.length, streams.visual?.values.length);
 * }
 * await store.close();
 */
export class ItemStore {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #footer: ItemFooter;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #reader: ItemReader;
  readonly #scratch: Buffer;
  readonly #running = new Set<Promise<void>>();
  #heldBytes = 0;
  #closed = false;

  private constructor(path: string, file: FileHandle, footer: ItemFooter) {
    this.path = path;
    this.#file = file;
    this.#footer = footer;
    this.#numbers = new Map(footer.itemIds.map((id, number) => [id, number]));
    if (this.#numbers.size < footer.itemIds.length) throw damagedStore(path, 'it has an item twice');
    this.#reader = new ItemReader(path, file.fd, footer);
    this.#scratch = this.#reader.scratch();
  }

  /**
   * Opens a store, by its file or by the directory that `reduce` wrote.
   *
   * @throws UsageError `dataset` when the file is missing, cut off, damaged, or not a training
   *   store.
   */
  static async open(fileOrDirectory: string): Promise<ItemStore> {
    const path = trainingStorePath(checkString('path', fileOrDirectory));
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new UsageError(`${path} does not exist`, {
        code: 'dataset',
        remedy: 'Name a file that `reduce`, `importFeatures` or `ItemStoreWriter` has written.',
        cause: error,
      });
    });
    try {
      return new ItemStore(path, file, await readFooter(file, path));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The shape of every item. */
  get shape(): ItemShape {
    return this.#footer.shape;
  }

  /** The entries that the writer was given. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#footer.metadata;
  }

  /** Ids of all items, in the order of the file. */
  get itemIds(): readonly string[] {
    return this.#footer.itemIds;
  }

  /** Bytes of the buffers that the running iterations of `batches` hold. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether there is an item of that id. */
  has(itemId: string): boolean {
    return this.#numbers.has(itemId);
  }

  /**
   * Reads an item. The read itself is synchronous: from the page cache this takes a quarter of the
   * time of an asynchronous read, but it blocks the process on slow storage. `batches` reads in the
   * background.
   *
   * @param into arrays to read into, one for each stream; if left out, new ones are created.
   * @returns the item; its vectors are those arrays, or undefined if the item has no such stream
   * (its array is then zeros).
   * @throws MissingItemError when there is no such item; UsageError `dataset` when the file is
   * damaged there, `usage` when an array is missing or of another length, or the store is closed.
   */
  async read(itemId: string, into?: ItemBuffer): Promise<Item> {
    this.#checkOpen();
    const item = this.#numberOf(itemId);
    const { streams } = this.shape;
    const destinations = this.#destinations(into);
    const present = this.#reader.readSync(item, destinations, this.#scratch);
    const vectors: Record<string, Float32Array | undefined> = {};
    for (const [index, { name }] of streams.entries()) vectors[name] = present[index] ? destinations[index] : undefined;
    return { itemId, vectors };
  }

  /**
   * The items in batches. Each iteration over the result is one epoch: it yields every item (or
   * every entry of `items`) exactly once, in its own order if shuffled. Reads run ahead on Node's
   * thread pool, in file order within each batch, into a ring of `prefetch + 1` buffers, and no
   * further. Leaving the loop, an error, or the end of the epoch frees the ring once pending reads
   * have finished.
   *
   * The arrays of a batch are valid until the next one is requested, in this epoch or the next:
   * copy what must live longer.
   *
   * @throws UsageError when an option is out of range, or the store is closed; MissingItemError
   * when an entry of `items` is not in the store. While iterating: UsageError `dataset` when the
   * file is damaged, FlowError `aborted` after `signal`.
   */
  batches(options: ItemBatchOptions): AsyncIterable<ItemBatch> {
    this.#checkOpen();
    checkInteger('batchSize', options?.batchSize);
    checkInteger('seed', options.seed ?? 0, 0);
    checkInteger('prefetch', options.prefetch ?? 1, 0);
    for (const name of ['shuffle', 'dropLast'] as const) {
      checkBoolean(name, options[name] ?? false);
    }
    if (options.items !== undefined && !Array.isArray(options.items)) {
      throw new UsageError(`\`items\` must be a list of item ids, but is ${shown(options.items)}`);
    }
    const items = Uint32Array.from(options.items?.map((id) => this.#numberOf(id)) ?? this.itemIds.keys());
    return new ItemBatches(options, items, {
      shape: this.shape,
      itemIds: this.itemIds,
      reader: this.#reader,
      hold: (bytes) => {
        this.#heldBytes += bytes;
      },
      checkOpen: () => this.#checkOpen(),
      reading: (work) => {
        const settled = work.catch(() => undefined).then(() => void this.#running.delete(settled));
        this.#running.add(settled);
      },
    });
  }

  /**
   * Closes the file after pending reads have finished. Running iterations fail with a UsageError.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#running);
    await this.#file.close();
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new UsageError(`the store ${this.path} is closed`);
  }

  #numberOf(itemId: string): number {
    const number = this.#numbers.get(itemId);
    if (number === undefined) throw new MissingItemError(itemId, this.path);
    return number;
  }

  #destinations(into: ItemBuffer | undefined): Destinations {
    const { subclips, streams } = this.shape;
    return streams.map(({ name, dimension }) => {
      const length = subclips * dimension;
      const array = into === undefined ? new Float32Array(length) : into[name];
      if (array instanceof Float32Array && array.length === length) return array;
      const came = array instanceof Float32Array ? `of ${array.length}` : shown(array);
      throw new UsageError(`\`into.${name}\` must be a Float32Array of ${length}, but is ${came}`);
    });
  }
}

async function readFooter(file: FileHandle, path: string): Promise<ItemFooter> {
  const status = await file.stat();
  if (status.isDirectory()) throw notAStore(path, 'a directory');
  const { size } = status;
  const tail = await readBytes(file.fd, Math.max(0, size - TAIL_BYTES), TAIL_BYTES);
  const head = await readBytes(file.fd, 0, MAGIC.length);
  const other = otherKind(await readBytes(file.fd, 0, 64));
  if (head.toString('latin1') !== MAGIC && other !== undefined) throw notAStore(path, other);
  if (head.toString('latin1') !== MAGIC || tail.toString('latin1', 4) !== MAGIC) {
    throw damagedStore(path, size === 0 ? 'it is empty' : 'it does not begin and end as an Arrow file does');
  }
  const length = tail.readInt32LE(0);
  const start = size - TAIL_BYTES - length;
  if (length <= 0 || length > MAX_FOOTER_BYTES || start < MAGIC.length + END_OF_STREAM.length) {
    throw damagedStore(path, `its footer cannot have ${length} bytes`);
  }
  try {
    const footer = decodeItemFooter(await readBytes(file.fd, start, length), start - END_OF_STREAM.length);
    const first = footer.itemIds[0];
    if (first !== undefined) {
      const message = await readBytes(file.fd, footer.offsets[0] as number, footer.metadataBytes);
      checkBatchMessage(message, footer.shape, itemLayout(footer.shape, Buffer.byteLength(first, 'utf8')));
    }
    return footer;
  } catch (error) {
    if (error instanceof OtherArrowError) throw notAStore(path, 'an Arrow file of another kind', error);
    throw damagedStore(path, reasonOf(error), error);
  }
}

/**
 * Our own errors say what is wrong; those of Node's buffers and of JSON only say that something is
 * wrong.
 */
function reasonOf(error: unknown): string {
  const own = error instanceof UsageError || (error instanceof RangeError && !('code' in error));
  return own ? error.message : 'its footer cannot be understood';
}
