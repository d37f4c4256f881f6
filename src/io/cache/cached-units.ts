import { factOf } from '../../core/words-of.ts';
import { decodeUnit, encodeUnit } from '../dataset/arrow.ts';
import type { UnitTable } from '../dataset/schema.ts';
import { isPartial } from '../dataset/unit-columns.ts';
import type { UnitCache } from './unit-cache.ts';

/**
 * Milliseconds that a call may take if the cache does not state its patience. Longer than SQLite
 * waits for its turn.
 */
const TIMEOUT = 60_000;
/** After this many failures in a row, the cache is no longer used. */
const MAX_FAILURES = 3;
/** Incremented when an entry's format changes. */
const FORMAT = 1;

/** How to cache units. */
export interface CachedUnitsOptions {
  /**
   * Id of the graph that the units belong to. Together with the content of a file it forms the key.
   */
  readonly graphId: string;
  /** Called with a sentence whenever the cache fails or an entry is damaged. */
  readonly warn: (sentence: string) => void;
  /**
   * Milliseconds that a call to the cache may take. Default: the cache's own `patience`, or 60,000.
   */
  readonly timeout?: number | undefined;
}

/**
 * The units of one graph in a cache, by the content of the file that they were made from. An item's
 * id is not part of the key, since the same file may have another id in another dataset. An entry
 * is an uncompressed Arrow IPC file with a checksum; one that is damaged, or does not match its
 * key, is a miss with a warning. A cache that fails only costs the work that it would have saved:
 * each failure is a warning, and after three in a row, or a call that takes too long, the cache is
 * no longer used. Units of media that decoded only in part are neither stored nor used.
 *
 * @example
 * declare const cache: UnitCache;
 * const units = new CachedUnits(cache, { graphId: 'f0a1', warn: console.warn });
 * const unit = await units.get('sha256 of the content', 'heat');
 */
export class CachedUnits {
  readonly #cache: UnitCache;
  readonly #options: CachedUnitsOptions;
  #failures = 0;

  constructor(cache: UnitCache, options: CachedUnitsOptions) {
    this.#cache = cache;
    this.#options = options;
  }

  /**
   * The unit made from a file's content, with an item's id; undefined if it has to be computed.
   */
  async get(fingerprint: string, itemId: string): Promise<UnitTable | undefined> {
    const key = this.#key(fingerprint);
    const bytes = await this.#call('read', itemId, () => this.#cache.get(key));
    if (bytes === undefined) return undefined;
    try {
      // Converts whatever the cache returned to a plain byte array: a Buffer may be aligned so that
      // float32 values cannot be read from it.
      const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const { metadata, ...unit } = decodeUnit(plain, `the entry of '${itemId}' in the cache`);
      const { graph, ...own } = metadata;
      // A checksum reveals damage, but not an entry that was stored under the wrong key.
      if (graph !== this.#options.graphId || unit.itemId !== fingerprint || isPartial(own)) {
        throw new RangeError(`the entry of '${itemId}' in the cache belongs to another file or graph`);
      }
      return { ...unit, itemId, metadata: own };
    } catch (error) {
      this.#options.warn(`${(error as Error).message}; it will be recomputed [cache]`);
      return undefined;
    }
  }

  /** Stores the unit made from a file's content. */
  async set(fingerprint: string, unit: UnitTable): Promise<void> {
    if (isPartial(unit.metadata)) return;
    const metadata = { ...unit.metadata, graph: this.#options.graphId };
    const bytes = encodeUnit({ ...unit, itemId: fingerprint, metadata });
    await this.#call('written', unit.itemId, () => this.#cache.set(this.#key(fingerprint), bytes));
  }

  /** Removes the unit made from a file's content. */
  async remove(fingerprint: string, itemId: string): Promise<void> {
    await this.#call('removed', itemId, async () => {
      if (this.#cache.delete === undefined) throw new Error('it has no `delete`');
      await this.#cache.delete(this.#key(fingerprint));
    });
  }

  /** Closes the cache, even if it is no longer used. */
  async close(): Promise<void> {
    this.#failures = 0;
    await this.#call('closed', undefined, async () => this.#cache.close?.());
  }

  #key(fingerprint: string): string {
    return `unit:${FORMAT}:${this.#options.graphId}:${fingerprint}`;
  }

  async #call<T>(done: string, itemId: string | undefined, call: () => Promise<T>): Promise<T | undefined> {
    if (this.#failures >= MAX_FAILURES) return undefined;
    const timeout = this.#options.timeout ?? this.#cache.patience ?? TIMEOUT;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // A cache that fails to answer once would be waited for again and again.
        this.#failures = Math.max(this.#failures, MAX_FAILURES - 1);
        reject(new Error(`it took longer than ${timeout / 1000} s`));
      }, timeout);
    });
    try {
      const result = await Promise.race([call(), late]);
      this.#failures = 0;
      return result;
    } catch (error) {
      // Other calls that were waiting for the same answer have nothing to add.
      if (this.#failures >= MAX_FAILURES) return undefined;
      this.#failures += 1;
      const what = itemId === undefined ? 'the cache' : `the entry of '${itemId}' in the cache`;
      const end = this.#failures >= MAX_FAILURES ? '; the cache is not used for the rest of this run' : '';
      this.#options.warn(`${what} could not be ${done}: ${factOf(error)}${end} [cache]`);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}
