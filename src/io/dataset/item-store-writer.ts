import { type FileHandle, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  createFile,
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  syncDirectory,
  temporaryPath,
} from '../../core/atomic-file.ts';
import { checkString, shown } from '../../core/check.ts';
import { writeFailure } from '../../core/disk-full.ts';
import { UsageError } from '../../core/errors.ts';
import { itemLayout } from './item-layout.ts';
import { encodeBatchMessage, encodeFooter, encodeSchemaMessage, MAGIC } from './item-messages.ts';
import { checkItem, checkItemShape, type Item, type ItemShape, itemFault } from './item-shape.ts';

/** Maximum bytes of the footer, which is read as a whole when the store is opened. */
export const MAX_FOOTER_BYTES = 2 ** 28;
/** Prefix of the format's own entries. */
const OWN_PREFIX = 'reelflow:';

/**
 * Writes a training store: an uncompressed Arrow IPC file with one record batch for each item,
 * which `ItemStore`, pyarrow and apache-arrow can read. Columns: item_id utf8, subclip int32, and
 * for each stream a nullable fixed_size_list<float32>[dimension].
 *
 * The file appears whole, under its name, when `close` resolves, replacing any file of that name;
 * until then there is a temporary file, which `abort`, or the next writer after a crash, removes.
 * When `add` resolves, the item has been passed to the operating system: memory holds one item,
 * plus 24 bytes and the id of each written item.
 *
 * @example
 * const writer = await ItemStoreWriter.create('features.items', {
 *   subclips: 10,
 *   streams: [{ name: 'visual', dimension: 600 }, { name: 'audio', dimension: 128 }],
 * }, { graph: 'pca-600' });
 * await writer.add({ itemId: '260', vectors: { visual: new Float32Array(6000), audio: undefined } });
 * await writer.close();
 */
export class ItemStoreWriter {
  readonly path: string;
  readonly shape: ItemShape;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #temporary: string;
  readonly #file: FileHandle;
  readonly #itemIds = new Set<string>();
  readonly #blocks: number[] = [];
  #footerBytes = 0;
  #position = 0;
  #item = new ArrayBuffer(0);
  #state: 'open' | 'busy' | 'closed' = 'open';

  private constructor(
    path: string,
    shape: ItemShape,
    metadata: Readonly<Record<string, string>>,
    temporary: string,
    file: FileHandle,
  ) {
    this.path = path;
    this.shape = shape;
    this.#metadata = metadata;
    this.#temporary = temporary;
    this.#file = file;
  }

  /**
   * Starts a store. Its directory is created if it is missing.
   *
   * @param metadata entries for the schema's metadata: what made the features, so that the file is
   * self-describing.
   * @throws UsageError when the shape cannot be a store's, or an entry is named `reelflow:...`;
   * SystemError `not-writable`, `disk-full`.
   */
  static async create(
    path: string,
    shape: ItemShape,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ItemStoreWriter> {
    const whole = resolve(checkString('path', path));
    const checked = checkItemShape(shape);
    for (const [name, value] of Object.entries(metadata)) {
      if (name.startsWith(OWN_PREFIX)) {
        throw new UsageError(`an entry of \`metadata\` must not begin with '${OWN_PREFIX}', but is named '${name}'`);
      }
      if (typeof value !== 'string') {
        throw new UsageError(`\`metadata.${name}\` must be a string, but is ${shown(value)}`);
      }
    }
    const directory = dirname(whole);
    await makeDirectory(directory);
    await removeStaleTemporaries(directory);
    const temporary = temporaryPath(directory);
    const writer = new ItemStoreWriter(whole, checked, { ...metadata }, temporary, await createFile(temporary));
    await writer.#change(() => writer.#write(Buffer.concat([Buffer.from(`${MAGIC}\0\0`), writer.#schemaMessage()])));
    return writer;
  }

  /**
   * Adds an item. Its vectors are copied before this returns. Wait for one `add` before the next.
   *
   * @throws UsageError `item` when the id is missing or already present, a stream is unknown, no
   * stream has vectors, or vectors are not exactly subclips * dimension finite floats: then nothing
   * was written, and the writer remains usable. SystemError `disk-full`: then the file is removed.
   */
  async add(item: Item): Promise<void> {
    this.#checkOpen();
    const { itemId, vectors } = checkItem(this.shape, item);
    if (this.#itemIds.has(itemId)) throw itemFault(itemId, `it is in ${this.path} already`);
    const present = this.shape.streams.map(({ name }) => vectors[name] !== undefined);
    const layout = itemLayout(this.shape, Buffer.byteLength(itemId, 'utf8'));
    const message = encodeBatchMessage(this.shape, layout, present);
    this.#footerBytes += 24 + Buffer.byteLength(JSON.stringify(itemId), 'utf8') + 1;
    if (this.#footerBytes > MAX_FOOTER_BYTES / 2) {
      throw new UsageError(`${this.path} has as many items as a store can have: ${this.#itemIds.size}`, {
        code: 'item',
        remedy: 'Write several stores.',
      });
    }
    const bytes = this.#itemBytes(message.length + layout.bodyBytes);
    message.copy(bytes);
    const body = bytes.subarray(message.length);
    const { subclips } = this.shape;
    for (let row = 0; row <= subclips; row += 1) {
      body.writeInt32LE((row * layout.ids.length) / subclips, layout.idOffsets.offset + 4 * row);
    }
    body.fill(itemId, layout.ids.offset, layout.ids.offset + layout.ids.length, 'utf8');
    for (let row = 0; row < subclips; row += 1) body.writeInt32LE(row, layout.subclip.offset + 4 * row);
    for (const [index, { name }] of this.shape.streams.entries()) {
      const { validity, values } = layout.streams[index] as (typeof layout.streams)[number];
      const vector = vectors[name];
      if (vector === undefined) continue;
      body.fill(0xff, validity.offset, validity.offset + validity.length);
      new Float32Array(body.buffer, body.byteOffset + values.offset, vector.length).set(vector);
    }
    this.#itemIds.add(itemId);
    this.#blocks.push(this.#position, message.length, layout.bodyBytes);
    await this.#change(() => this.#write(bytes));
  }

  /**
   * Finishes the store, which is on disk, under its name, when this resolves.
   * @throws SystemError `disk-full`.
   */
  async close(): Promise<void> {
    this.#checkOpen();
    await this.#change(async () => {
      await this.#write(encodeFooter(this.shape, this.#metadata, this.#blocks, [...this.#itemIds]));
      await this.#file.sync();
      await this.#file.close();
      await rename(this.#temporary, this.path);
      await syncDirectory(dirname(this.path));
    });
    this.#state = 'closed';
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Abandons the store without leaving anything behind. Does nothing after `close` or `abort`. Wait
   * for a pending `add` first.
   */
  async abort(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#checkOpen();
    this.#state = 'closed';
    await this.#discard();
  }

  #schemaMessage(): Buffer {
    return encodeSchemaMessage(this.shape, this.#metadata);
  }

  #checkOpen(): void {
    if (this.#state === 'open') return;
    throw new UsageError(
      this.#state === 'closed'
        ? `the writer of ${this.path} is closed`
        : `the writer of ${this.path} is still busy: await each call before the next`,
    );
  }

  /** The single buffer in which items are assembled, filled with zeros. */
  #itemBytes(length: number): Buffer {
    if (this.#item.byteLength < length) this.#item = new ArrayBuffer(length);
    return Buffer.from(this.#item, 0, length).fill(0);
  }

  /** Does work on the file. If it fails, the file is abandoned. */
  async #change(work: () => Promise<void>): Promise<void> {
    this.#state = 'busy';
    try {
      await work();
    } catch (error) {
      this.#state = 'closed';
      await this.#discard();
      const remedy = 'Make room, or write to another disk, and run it again: nothing is left of the file.';
      throw writeFailure(this.path, error, remedy);
    }
    this.#state = 'open';
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#position + done);
      done += bytesWritten;
    }
    this.#position += bytes.length;
  }

  async #discard(): Promise<void> {
    await this.#file.close();
    await removeIfThere(this.#temporary);
  }
}
