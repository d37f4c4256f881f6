import { existsSync, readdirSync, renameSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AskedOnce } from '../../core/asked-once.ts';
import { createOnce, makeDirectory, removeIfThere, removeStaleTemporaries } from '../../core/atomic-file.ts';
import { Breather } from '../../core/breather.ts';
import { type DeadLetter, readLetter } from './dead-letter.ts';
import { keyOfLetter } from './letter-keys.ts';
import { softwareVersion } from './software.ts';

/**
 * The dead letters of a dataset, one file each (`_dead/<key>.json`), and how often retried items
 * have failed (`_dead/<key>.raised`). An item has at most one letter, for the latest content of its
 * file.
 *
 * @example
 * declare const letter: DeadLetter;
 * const letters = new Letters('features/_dead', (path) => console.warn(`${path} is damaged`));
 * await letters.record('ab'.repeat(32), letter);
 */
export class Letters {
  readonly #directory: string;
  readonly #onDamaged: (path: string) => void;
  /** Keys of the letters of each item, as far as this process has seen them. */
  readonly #ofItems = new AskedOnce<Map<string, string[]>>();

  /** @param onDamaged called with the new path of an unreadable letter, whose item is retried. */
  constructor(directory: string, onDamaged: (path: string) => void) {
    this.#directory = directory;
    this.#onDamaged = onDamaged;
  }

  /** Creates the folder if it is missing. */
  async make(): Promise<void> {
    await makeDirectory(this.#directory);
  }

  /** Removes half-written files of killed processes on this machine. */
  async tidy(): Promise<void> {
    await removeStaleTemporaries(this.#directory);
  }

  /** The letter of a key. A damaged one is set aside and counts as missing. */
  get(key: string): DeadLetter | undefined {
    const path = this.#path(key);
    const letter = readLetter(path);
    if (letter !== 'damaged') return letter;
    if (renameIfThere(path, `${path}.damaged`)) this.#onDamaged(`${path}.damaged`);
    return undefined;
  }

  /** Keys of all letters, ascending. */
  keys(): string[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .flatMap((name) => keyOfLetter(name) ?? [])
      .sort();
  }

  /**
   * Writes a letter, unless its key has one; letters for earlier contents of the item's file are
   * removed. It is on disk when this resolves.
   */
  async record(key: string, letter: DeadLetter): Promise<void> {
    const raised = readLetter(this.#raisedPath(key));
    const attempts = raised === undefined || raised === 'damaged' ? 0 : (raised.attempts ?? 0);
    const whole = { time: new Date().toISOString(), ...letter, attempts: attempts + 1, software: softwareVersion() };
    await this.make();
    if (await createOnce(this.#path(key), Buffer.from(`${JSON.stringify(whole, null, 2)}\n`))) await this.answered(key);
    const ofItems = await this.#itemsSeen();
    ofItems.set(letter.item, [...new Set([...(ofItems.get(letter.item) ?? []), key])]);
    await this.supersede(letter.item, key);
  }

  /**
   * Lets keys be retried: removes their letters, and remembers how often they failed.
   * @returns how many had one.
   */
  retry(keys: readonly string[]): number {
    return keys.filter((key) => renameIfThere(this.#path(key), this.#raisedPath(key))).length;
  }

  /** Forgets how often a key failed, once it is finished or has a letter again. */
  async answered(key: string): Promise<void> {
    await removeIfThere(this.#raisedPath(key));
  }

  /**
   * Removes the letters of an item that are for earlier contents of its file, which now has the
   * content of this key.
   */
  async supersede(itemId: string, key: string): Promise<void> {
    const ofItems = await this.#itemsSeen();
    const keys = ofItems.get(itemId);
    if (keys === undefined) return;
    const others = keys.filter((other) => other !== key);
    if (others.length === keys.length) ofItems.delete(itemId);
    else ofItems.set(itemId, [key]);
    for (const other of others) {
      await removeIfThere(this.#path(other));
      await this.answered(other);
    }
  }

  /** Removes every letter of an item. @returns how many there were. */
  async remove(itemId: string): Promise<number> {
    const keys = (await this.#itemsSeen()).get(itemId) ?? [];
    for (const key of keys) {
      await removeIfThere(this.#path(key));
      await this.answered(key);
    }
    (await this.#itemsSeen()).delete(itemId);
    return keys.length;
  }

  /**
   * Reads every letter, once. Letters that other processes record later are seen by the next
   * process.
   */
  #itemsSeen(): Promise<Map<string, string[]>> {
    return this.#ofItems.ask(() => this.#lookAtAll());
  }

  async #lookAtAll(): Promise<Map<string, string[]>> {
    const ofItems = new Map<string, string[]>();
    if (!existsSync(this.#directory)) return ofItems;
    const breather = new Breather();
    for (const name of await readdir(this.#directory)) {
      const key = keyOfLetter(name);
      const letter = key === undefined ? undefined : this.get(key);
      if (key !== undefined && letter !== undefined)
        ofItems.set(letter.item, [...(ofItems.get(letter.item) ?? []), key]);
      if (breather.isDue) await breather.rest();
    }
    return ofItems;
  }

  // Joined by hand, because paths are needed at every step.
  #path(key: string): string {
    return `${this.#directory}${sep}${key}.json`;
  }

  #raisedPath(key: string): string {
    return join(this.#directory, `${key}.raised`);
  }
}

/** Renames a file; false if it no longer exists because another process was first. */
export function renameIfThere(from: string, to: string): boolean {
  // Most requested letters do not exist, and a check is cheaper than an error.
  if (!existsSync(from)) return false;
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
