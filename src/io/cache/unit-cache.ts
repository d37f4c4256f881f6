/**
 * Stores finished units as bytes, for other datasets of the same videos. Keys have at most 255
 * ASCII characters. A cache need not be reliable: an entry may be lost, cut off or changed, and any
 * call may fail; then the unit is computed.
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
   * Milliseconds that a call may take; after that, the cache is not used for the rest of the run.
   * Default 60,000.
   */
  readonly patience?: number | undefined;
  /** The bytes last set for a key, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets the bytes of a key, replacing earlier ones. */
  set(key: string, bytes: Uint8Array): Promise<void>;
  /** Removes a key's bytes, if there are any; called when an item is removed from a dataset. */
  delete?(key: string): Promise<void>;
  /**
   * Called once, by whoever opened it: writes anything that is still pending, and closes files and
   * connections.
   */
  close?(): Promise<void>;
}
