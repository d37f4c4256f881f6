import { stat } from 'node:fs/promises';
import { eachEntry } from '../directory-entries.ts';

const LETTER = /^([0-9a-f]{8,128})\.json$/;
/** A directory is checked again after this many milliseconds. */
const LOOK_EVERY = 1000;
/**
 * A directory that was changed less than this many milliseconds before it was read may have been
 * changed again without its time showing it.
 */
const SETTLED = 2000;

/** The key in the name of a dead letter's file; undefined if it is not one. */
export function keyOfLetter(name: string): string | undefined {
  return LETTER.exec(name)?.[1];
}

/**
 * The keys that have a dead letter, in a directory that other processes also write to. At most a
 * second old, if it is refreshed at every step.
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

  /** The keys as of the last check. */
  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /**
   * Checks the directory again, unless it has just done so, and reads it again if it has changed.
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
