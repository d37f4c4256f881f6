import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { decodeUnit, decodeUnitFacts, encodeUnit } from './arrow.ts';
import { createOnce, isTemporary, makeDirectory, removeIfThere, removeStaleTemporaries } from './atomic-file.ts';
import { type DeadLetter, readLetter } from './dead-letter.ts';
import type { UnitFacts, UnitTable } from './schema.ts';
import { softwareVersion } from './software.ts';

const KEY = /^[0-9a-f]{8,128}$/;
const UNIT = /^([0-9a-f]{8,128})\.arrow$/;
const LETTER = /^([0-9a-f]{8,128})\.json$/;
/** Bytes read at first from the end of a unit's file for its facts; footers are seldom longer. */
const TAIL_BYTES = 16 * 1024;

/**
 * The truth of a dataset: one file for each committed unit (`units/<kk>/<key>.arrow`) or dead letter (`dead/<key>.json`).
 * A file appears whole or not at all and is never written over, so any number of processes and machines may commit the
 * same units at the same time, be killed anywhere, and each unit is there once. Readers need no lock.
 *
 * @example
 * const store = await CommitStore.open('features/');
 * if (!store.has(key)) await store.commit(key, table);
 */
export class CommitStore {
  readonly directory: string;
  /** Files that were found damaged and were renamed to end in `.damaged`: what they held is computed anew. */
  readonly setAside: string[] = [];
  readonly #metadata: Readonly<Record<string, string>>;

  private constructor(directory: string, metadata: Readonly<Record<string, string>>) {
    this.directory = directory;
    this.#metadata = metadata;
  }

  /**
   * Opens the store in a directory, and removes what killed processes of this machine left half-written.
   *
   * @param options.create whether the directory may be missing (default true)
   * @param options.metadata entries that every unit committed here carries beside its own: graph id, models
   * @throws UsageError when the directory is missing and may not be created.
   */
  static async open(
    directory: string,
    options: { readonly create?: boolean; readonly metadata?: Readonly<Record<string, string>> } = {},
  ): Promise<CommitStore> {
    const units = join(directory, 'units');
    const dead = join(directory, 'dead');
    if (options.create === false && !existsSync(units)) {
      throw new UsageError(`${directory} is no dataset: it has no 'units' folder`, {
        code: 'dataset',
        remedy: 'Name a directory that `reelflow extract --out` has written.',
      });
    }
    if (options.create !== false) {
      await makeDirectory(units);
      await makeDirectory(dead);
    }
    const store = new CommitStore(directory, options.metadata ?? {});
    for (const shard of store.#shards()) await removeStaleTemporaries(join(units, shard));
    await removeStaleTemporaries(dead);
    return store;
  }

  /** Path of the file that a unit has or would have. @throws UsageError for a key that is not lower-case hexadecimal. */
  unitPath(key: string): string {
    return join(this.directory, 'units', checkKey(key).slice(0, 2), `${key}.arrow`);
  }

  /** Whether the unit is committed. */
  has(key: string): boolean {
    return existsSync(this.unitPath(key));
  }

  /**
   * Commits a unit. On disk, under its name, when this resolves.
   *
   * @returns 'duplicate' when it was committed before, here or elsewhere: then this one is dropped.
   */
  async commit(key: string, table: UnitTable): Promise<'committed' | 'duplicate'> {
    const path = this.unitPath(key);
    if (existsSync(path)) return 'duplicate';
    await makeDirectory(join(this.directory, 'units', key.slice(0, 2)));
    const bytes = encodeUnit({ ...table, metadata: { ...table.metadata, ...this.#metadata } });
    const first = await createOnce(path, bytes);
    if (first) await removeIfThere(this.#raisedPath(key));
    return first ? 'committed' : 'duplicate';
  }

  /** Keys of all committed units, ascending. */
  keys(): string[] {
    const keys = this.#shards().flatMap((shard) =>
      readdirSync(join(this.directory, 'units', shard)).flatMap((name) => UNIT.exec(name)?.[1] ?? []),
    );
    return keys.sort();
  }

  /** Reads a unit. @throws UsageError `dataset` when it is not there, cut off or damaged, naming the file. */
  async read(key: string): Promise<UnitTable> {
    const path = this.unitPath(key);
    return decodeUnit(await readFile(path).catch((error: unknown) => missing(path, error)), path);
  }

  /**
   * Reads what a unit says of itself, without its rows. Synchronous, since the pauses of an asynchronous read cost ten
   * times what the read does, and datasets have thousands of units.
   *
   * @throws UsageError `dataset` as `read`.
   */
  readFacts(key: string): UnitFacts {
    const path = this.unitPath(key);
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (error) {
      return missing(path, error);
    }
    try {
      const { size } = fstatSync(file);
      const readTail = (length: number): Buffer => {
        const tail = Buffer.alloc(Math.min(size, length));
        readSync(file, tail, 0, tail.length, size - tail.length);
        return tail;
      };
      const facts = decodeUnitFacts(readTail(TAIL_BYTES), path);
      if (typeof facts !== 'number') return facts;
      const again = decodeUnitFacts(readTail(facts), path);
      if (typeof again !== 'number') return again;
      throw new UsageError(`${path} is not a whole unit of a dataset: its footer is longer than the file`, {
        code: 'dataset',
        remedy: 'Delete the file and run the same command again: only that unit is computed anew.',
      });
    } finally {
      closeSync(file);
    }
  }

  /**
   * What a committed unit says of itself, or undefined when it is not committed. A unit whose footer is damaged is set
   * aside, and counts as not committed: resuming computes it anew.
   */
  facts(key: string): UnitFacts | undefined {
    if (!this.has(key)) return undefined;
    try {
      return this.readFacts(key);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#putAside(this.unitPath(key));
      return undefined;
    }
  }

  /** Writes the dead letter of an item, unless there is one. On disk when this resolves. */
  async bury(key: string, letter: DeadLetter): Promise<void> {
    const path = this.#letterPath(key);
    const raised = readLetter(this.#raisedPath(key));
    const attempts = raised === undefined || raised === 'damaged' ? 0 : (raised.attempts ?? 0);
    const whole = { time: new Date().toISOString(), ...letter, attempts: attempts + 1, software: softwareVersion() };
    await makeDirectory(join(this.directory, 'dead'));
    if (await createOnce(path, Buffer.from(`${JSON.stringify(whole, null, 2)}\n`))) {
      await removeIfThere(this.#raisedPath(key));
    }
  }

  /** The dead letter of a key, if it has one and no unit. A damaged letter is set aside: its item is tried again. */
  letter(key: string): DeadLetter | undefined {
    if (this.has(key)) return undefined;
    const path = this.#letterPath(key);
    const letter = readLetter(path);
    if (letter !== 'damaged') return letter;
    this.#putAside(path);
    return undefined;
  }

  /** All dead letters with their keys, by key. Letters of keys that some other process has committed are left out. */
  letters(): { readonly key: string; readonly letter: DeadLetter }[] {
    const directory = join(this.directory, 'dead');
    if (!existsSync(directory)) return [];
    const keys = readdirSync(directory).flatMap((name) => LETTER.exec(name)?.[1] ?? []);
    return keys.sort().flatMap((key) => {
      const letter = this.letter(key);
      return letter ? [{ key, letter }] : [];
    });
  }

  /**
   * Lets dead items be tried again: takes their letters away, and remembers how often they failed.
   *
   * @returns how many of the keys had a letter.
   */
  raise(keys: readonly string[]): number {
    let raised = 0;
    for (const key of keys) {
      if (!existsSync(this.#letterPath(key))) continue;
      renameSync(this.#letterPath(key), this.#raisedPath(key));
      raised += 1;
    }
    return raised;
  }

  #putAside(path: string): void {
    renameSync(path, `${path}.damaged`);
    this.setAside.push(`${path}.damaged`);
  }

  #letterPath(key: string): string {
    return join(this.directory, 'dead', `${checkKey(key)}.json`);
  }

  #raisedPath(key: string): string {
    return join(this.directory, 'dead', `${checkKey(key)}.raised`);
  }

  #shards(): string[] {
    const units = join(this.directory, 'units');
    if (!existsSync(units)) return [];
    return readdirSync(units).filter((name) => /^[0-9a-f]{2}$/.test(name) && !isTemporary(name));
  }
}

function checkKey(key: string): string {
  if (!KEY.test(key))
    throw new UsageError(`a unit's key must be 8 to 128 lower-case hexadecimal digits, but is '${key}'`);
  return key;
}

function missing(path: string, cause: unknown): never {
  throw new UsageError(`${path} cannot be read: ${(cause as Error).message}`, {
    code: 'dataset',
    remedy: 'Run the command that made the dataset again: only what is missing is computed.',
    cause,
  });
}
