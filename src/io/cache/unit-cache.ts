/**
 * Keeps finished units as bytes, for other datasets of the same videos. Keys are at most 255
 * characters of ASCII. Nothing is relied on: an entry may be gone, cut off or changed, and any call
 * may fail; then the unit is computed.
 *
 * @example
 * const entries = new Map<string, Uint8Array>();
 * const cache: UnitCache = {
 *   get: async (key) => entries.get(key),
 *   set: async (key, bytes) => void entries.set(key, bytes),
 * };
 * await extract({ inputs: ['trailers/'], out: 'features/', cache });
 */
export interface UnitCache {
  /**
   * Milliseconds that a call may take, after which the cache is left alone for the rest of the run.
   * Default 60,000.
   */
  readonly patience?: number | undefined;
  /** The bytes last set for a key, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets the bytes of a key, over earlier ones. */
  set(key: string, bytes: Uint8Array): Promise<void>;
  /** Removes a key's bytes, if there are any; asked for when an item is taken out of a dataset. */
  delete?(key: string): Promise<void>;
  /**
   * Called once, by whoever opened it: writes what is not written yet, and lets files and
   * connections go.
   */
  close?(): Promise<void>;
}
