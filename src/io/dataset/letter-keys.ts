import { stat } from 'node:fs/promises';
import { eachEntry } from '../directory-entries.ts';

const LETTER = /^([0-9a-f]{8,128})\.json$/;
/** A directory is looked at again after this time, ms. */
const LOOK_EVERY = 1000;
/**
 * A directory that was changed so shortly before it was read may have been changed again without
 * its time showing it, ms.
 */
const SETTLED = 2000;

/** The key in the name of a dead letter's file; undefined when it is none. */
export function keyOfLetter(name: string): string | undefined {
  return LETTER.exec(name)?.[1];
}

/**
 * The keys that have a dead letter, in a directory that other processes write to as well: as they
 * were a second ago, at most, when it is refreshed at every turn.
 *
 * @example
 * const letters = new LetterKeys('features/_dead');
 * await letters.refresh();
 * letters.keys.has('ab'.repeat(32));
 */
export class LetterKeys {
  readonly #directory: string;
  #keys: ReadonlySet<string> = new Set();
  #modified: number | undefined;
  #looked = Number.NEGATIVE_INFINITY;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** As they were when they were looked at. */
  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /**
   * Looks at the directory again, unless it has done so just now, and reads it again if it has
   * changed.
   */
  async refresh(): Promise<void> {
    if (performance.now() - this.#looked < LOOK_EVERY) return;
    this.#looked = performance.now();
    const now = Date.now();
    const found = await stat(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) {
      this.#keys = new Set();
      return;
    }
    const { mtimeMs } = found;
    if (mtimeMs === this.#modified) return;
    const keys = new Set<string>();
    await eachEntry(this.#directory, ({ name }) => {
      const key = keyOfLetter(name);
      if (key !== undefined) keys.add(key);
    });
    this.#keys = keys;
    this.#modified = now - mtimeMs > SETTLED ? mtimeMs : undefined;
  }
}
