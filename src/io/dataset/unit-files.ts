import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import {
  createOnce,
  isTemporary,
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  syncDirectory,
} from '../../core/atomic-file.ts';
import { fillSync } from '../../core/whole-io.ts';
import { eachEntry } from '../directory-entries.ts';
import { renameIfThere } from './letters.ts';
import { readWhole } from './read-whole.ts';

/** What identifies a unit's file without reading its content. */
export interface SeenFile {
  readonly size: number;
  /** When it was modified, in milliseconds. */
  readonly modified: number;
}

/**
 * The files of a dataset's units, local or remote. A file exists whole or not at all, and is never
 * overwritten: the first writer wins.
 */
export interface UnitFiles {
  /** The path that a unit has or would have, for messages. */
  pathOf(key: string): string;
  /**
   * The identification of a unit's file; undefined if there is none. For a remote one, it may be as
   * old as the last listing.
   */
  seen(key: string): SeenFile | undefined;
  /** The same, but always up to date. */
  look(key: string): Promise<SeenFile | undefined>;
  /** Writes a unit's file unless there is one. @returns whether this call wrote it. */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Keys of all current units, ascending, a part of them at a time. */
  keys(): AsyncIterable<readonly string[]>;
  /** @throws the store's own error if it does not exist. */
  read(key: string): Promise<Uint8Array>;
  /** The same synchronously, if that costs less than a pause. */
  readNow?(key: string): Uint8Array;
  /** The last bytes of a file, or all of it. @throws what `read` throws. */
  readEnd(key: string, length: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Renames a damaged file to end in `.damaged`. @returns its path; undefined if it no longer
   * existed.
   */
  putAside(key: string): Promise<string | undefined>;
  /** Removes a unit's file, and a damaged one that was renamed. @returns how many there were. */
  remove(key: string): Promise<number>;
  /** Removes half-written files of killed processes. */
  tidy(): Promise<void>;
  /** Whether the place for units exists at all. */
  isThere(): boolean;
  /** Creates the place for units. */
  make(): Promise<void>;
}

const KEY = /^[0-9a-f]{8,128}$/;
const EXTENSION = '.arrow';

/** Whether a text is a unit's key. */
export function isUnitKey(text: string): boolean {
  return KEY.test(text);
}

/** The path of a unit below the folder of units. */
export function unitName(key: string, separator = '/'): string {
  return `${key.slice(0, 2)}${separator}${key}${EXTENSION}`;
}

/** The key in the name of a unit's file; undefined if it is not one. */
export function keyOfUnit(name: string): string | undefined {
  const key = name.slice(0, -EXTENSION.length);
  return name.endsWith(EXTENSION) && KEY.test(key) ? key : undefined;
}

/** Units as files of a folder: `kk/<key>.arrow`. */
export class LocalUnitFiles implements UnitFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  // Joined by hand, because paths are needed at every step.
  pathOf(key: string): string {
    return `${this.#folder}${sep}${unitName(key, sep)}`;
  }

  seen(key: string): SeenFile | undefined {
    const found = statSync(this.pathOf(key), { throwIfNoEntry: false });
    return found && { size: found.size, modified: found.mtimeMs };
  }

  async look(key: string): Promise<SeenFile | undefined> {
    return this.seen(key);
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    await makeDirectory(join(this.#folder, key.slice(0, 2)));
    return createOnce(this.pathOf(key), bytes);
  }

  async *keys(): AsyncGenerator<readonly string[]> {
    for (const part of this.#parts()) {
      const keys: string[] = [];
      await eachEntry(join(this.#folder, part), ({ name }) => {
        const key = keyOfUnit(name);
        if (key !== undefined) keys.push(key);
      });
      yield keys.sort();
    }
  }

  read(key: string): Promise<Uint8Array> {
    return readWhole(this.pathOf(key));
  }

  readNow(key: string): Uint8Array {
    return readFileSync(this.pathOf(key));
  }

  readEnd(key: string, length: number): Uint8Array {
    const file = openSync(this.pathOf(key), 'r');
    try {
      const { size } = fstatSync(file);
      const end = Buffer.alloc(Math.min(size, length));
      fillSync(file, end, size - end.length);
      return end;
    } finally {
      closeSync(file);
    }
  }

  async putAside(key: string): Promise<string | undefined> {
    const path = this.pathOf(key);
    return renameIfThere(path, `${path}.damaged`) ? `${path}.damaged` : undefined;
  }

  async remove(key: string): Promise<number> {
    const path = this.pathOf(key);
    let removed = 0;
    for (const each of [path, `${path}.damaged`]) {
      if (!existsSync(each)) continue;
      await removeIfThere(each);
      removed += 1;
    }
    if (existsSync(dirname(path))) await syncDirectory(dirname(path));
    return removed;
  }

  async tidy(): Promise<void> {
    for (const part of this.#parts()) await removeStaleTemporaries(join(this.#folder, part));
  }

  isThere(): boolean {
    return existsSync(this.#folder);
  }

  make(): Promise<void> {
    return makeDirectory(this.#folder);
  }

  #parts(): string[] {
    if (!this.isThere()) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^[0-9a-f]{2}$/.test(name) && !isTemporary(name))
      .sort();
  }
}
