import { existsSync } from 'node:fs';
import { AskedOnce } from '../../core/asked-once.ts';
import { Breather } from '../../core/breather.ts';
import { DatasetError, UsageError } from '../../core/errors.ts';
import { Growing } from '../../core/growing.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { eachEntry } from '../directory-entries.ts';
import { decodeUnit, decodeUnitFacts, encodeUnit } from './arrow.ts';
import { unitFilesOf } from './dataset-units.ts';
import type { DeadLetter } from './dead-letter.ts';
import { type FarDataset, farDatasetOf } from './far-dataset.ts';
import { Items, isWritten } from './items.ts';
import { isOldLayout, partPath } from './layout.ts';
import { keyOfLetter, LetterKeys } from './letter-keys.ts';
import { Letters } from './letters.ts';
import type { UnitFacts, UnitTable } from './schema.ts';
import type { PlannedUnit } from './table-plan.ts';
import { isUnitKey, type UnitFiles } from './unit-files.ts';
import { UnitIndex } from './unit-index.ts';
import type { KeptLetter, UnitStore } from './unit-store.ts';

/**
 * Bytes that are read first from the end of a unit's file for its facts; footers are seldom longer.
 */
const TAIL_BYTES = 16 * 1024;
/** A unit of this size is read in a millisecond or so. */
const SMALL_BYTES = 1024 * 1024;
/** Errors after which an index cannot be written, although its dataset can still be read. */
const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];
/** How many units that are missing from the index are added to it at a time. */
const NOTED_AT_A_TIME = 1000;

/**
 * The truth of a dataset: one file for each committed unit (`_units/<kk>/<key>.arrow`) or dead
 * letter (`_dead/<key>.json`). A file appears whole or not at all and is never overwritten, so any
 * number of processes and machines may commit the same units at the same time and be killed at any
 * point, and each unit still exists exactly once. Readers need no lock. An index (`_index.txt`)
 * saves reading every unit for its facts, and records which unit of an item is current when its
 * file has changed.
 *
 * @example
 * declare const table: UnitTable;
 * const key = 'ab'.repeat(32);
 * const store = await CommitStore.open('features/');
 * if (!(await store.has(key))) await store.commit(key, table);
 */
export class CommitStore implements UnitStore {
  readonly directory: string;
  /**
   * Files that were found damaged and renamed to end in `.damaged`; their content is computed
   * again.
   */
  readonly setAside: string[] = [];
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #index: UnitIndex;
  readonly #letterKeys: LetterKeys;
  /**
   * By place in the index: whether this process has verified that the unit's file is the one that
   * the index knows.
   */
  readonly #seen = new Growing(Uint8Array);
  readonly #units: UnitFiles;
  readonly #dead: string;
  readonly #letters: Letters;
  readonly #items = new AskedOnce<Items>();

  /**
   * Whether findings are recorded in the index; not in a dataset of version 1 that is only read.
   */
  readonly #notes: boolean;

  private constructor(directory: string, metadata: Readonly<Record<string, string>>, index: UnitIndex, notes: boolean) {
    this.directory = directory;
    this.#notes = notes;
    this.#metadata = metadata;
    this.#index = index;
    this.#units = unitFilesOf(directory);
    const dead = partPath(directory, 'dead');
    this.#dead = dead;
    this.#letters = new Letters(dead, (path) => void this.setAside.push(path));
    this.#letterKeys = new LetterKeys(dead);
  }

  /**
   * Opens the store in a directory, and removes half-written files of killed processes on this
   * machine.
   *
   * @param options.create whether the directory may be missing (default true)
   * @param options.readOnly whether to write nothing at all, not even a missing index; implies
   * `create: false`
   * @param options.metadata entries that every unit committed here carries in addition to its own:
   * graph id, networks
   * @throws UsageError when the directory is missing and may not be created.
   */
  static async open(
    directory: string,
    options: {
      readonly create?: boolean | undefined;
      readonly readOnly?: boolean | undefined;
      readonly metadata?: Readonly<Record<string, string>> | undefined;
    } = {},
  ): Promise<CommitStore> {
    refuseAddress(directory);
    const units = unitFilesOf(directory);
    const create = options.create !== false && options.readOnly !== true;
    if (!create && !units.isThere()) {
      throw new UsageError(`${directory} is not a dataset: it has no '_units' folder`, {
        code: 'dataset',
        remedy: 'Name a directory that `extract` or `writeDataset` has written.',
      });
    }
    if (create) await units.make();
    const index = await UnitIndex.open(partPath(directory, 'index'));
    const notes = create || (options.readOnly !== true && !isOldLayout(directory));
    const store = new CommitStore(directory, options.metadata ?? {}, index, notes);
    if (!notes) return store;
    if (create) await store.#letters.make();
    await store.#letters.tidy();
    await units.tidy();
    if (!create) return store;
    // A process that commits must know which items have units, so units missing from the index are
    // read now.
    await store.#lookAtUnknown();
    await store.refresh();
    return store;
  }

  /**
   * Path of the file that a unit has or would have.
   * @throws UsageError for a key that is not lower-case hexadecimal.
   */
  unitPath(key: string): string {
    return this.#units.pathOf(checkKey(key));
  }

  /** Whether the unit is committed. */
  async has(key: string): Promise<boolean> {
    return (await this.#units.look(checkKey(key))) !== undefined;
  }

  /**
   * Commits a unit, which becomes the current one of its item. It is on disk, under its name, when
   * this resolves.
   *
   * @returns 'duplicate' if it was already committed, here or elsewhere; this one is then dropped.
   */
  async commit(key: string, table: UnitTable): Promise<'committed' | 'duplicate'> {
    if (this.#units.seen(checkKey(key)) !== undefined) return 'duplicate';
    const bytes = encodeUnit({ ...table, metadata: { ...table.metadata, ...this.#metadata } });
    // Another process may have committed an earlier state of the item.
    await this.#index.refresh();
    await this.makeCurrent(table.itemId, key);
    if (!(await this.#units.create(key, bytes))) return 'duplicate';
    const file = this.#units.seen(key);
    const facts = decodeUnitFacts(bytes, this.unitPath(key));
    if (file !== undefined && typeof facts !== 'number') this.#index.note(key, { facts, ...file });
    await this.#flush();
    await this.#letters.answered(key);
    await this.#far?.lettersChanged();
    return 'committed';
  }

  /**
   * Makes this unit the current one of its item, because the item's file is back at that content.
   * Writes nothing if it is already current. May be called before the unit is committed. Dead
   * letters for other contents of the file are removed.
   */
  async makeCurrent(itemId: string, key: string): Promise<void> {
    await this.#letters.supersede(itemId, key);
    await this.#far?.lettersChanged();
    if (await this.isCurrent(itemId, key)) return;
    this.#index.choose(itemId, key);
    await this.#flush();
  }

  /** Whether a unit would be the current one of its item without `makeCurrent`. */
  async isCurrent(itemId: string, key: string): Promise<boolean> {
    if (!this.#index.hasSeveral(itemId) && this.#index.placeOf(key) !== undefined) return true;
    const keys = this.#index.keysOf(itemId);
    return keys.length === 0 || this.#index.currentOf(itemId, keys, await this.#recorded(itemId)) === key;
  }

  /** Whether a key had a dead letter at the last `refresh`. */
  async hasLetter(key: string): Promise<boolean> {
    return this.#letterKeys.keys.has(key);
  }

  /** Whether any key had a dead letter at the last `refresh`. */
  async hasLetters(): Promise<boolean> {
    return this.#letterKeys.keys.size > 0;
  }

  /** Checks which dead letters other processes have written; at most once a second. */
  refresh(): Promise<void> {
    return this.#letterKeys.refresh();
  }

  /** The remote dataset that the directory is a working copy of, if it is one. */
  get #far(): FarDataset | undefined {
    return farDatasetOf(this.directory);
  }

  /** What is known about the items, read on first use. */
  items(): Promise<Items> {
    return this.#items.ask(() => Items.open(this.directory));
  }

  /**
   * What is known of the items, if it has been used or its table may have to be rewritten; it is
   * not read just to find that there is nothing to write.
   */
  async itemsInUse(): Promise<Items | undefined> {
    return !this.#items.has() && isWritten(this.directory) ? undefined : this.items();
  }

  /**
   * Closes what is known of the items, if it has been used; it opens again when it is read.
   */
  async closeItems(): Promise<void> {
    // If it could not be read, nothing is open, and whoever asked for it got the error.
    (await this.#items.get()?.catch(() => undefined))?.close();
  }

  /** The unit of an item that the table of items names. */
  async #recorded(itemId: string): Promise<string | undefined> {
    return (await this.items()).get(itemId)?.unit;
  }

  /** Keys of all committed units, ascending. */
  async keys(): Promise<string[]> {
    const all: string[] = [];
    for await (const keys of this.#units.keys()) all.push(...keys);
    return all;
  }

  /**
   * Tells whether an item has a unit, for any content of its file. Uses the names of the units'
   * files as they are now, and only opens those that the index does not know.
   */
  async hasUnits(): Promise<(itemId: string) => boolean> {
    const index = this.#index;
    await index.refresh();
    const has = new Growing(Uint8Array);
    const breather = new Breather();
    for await (const keys of this.#units.keys()) {
      for (const key of keys) {
        const place = index.placeOf(key) ?? (await this.#placeUnlessDamaged(key));
        if (place !== undefined) has.set(index.itemNumberAt(place), 1);
        if (breather.isDue) await breather.rest();
      }
    }
    return (itemId) => has.at(index.itemNumberOf(itemId) ?? has.length) === 1;
  }

  /**
   * The current units of the dataset, one for each item, sorted by key. Keys and facts are made
   * when they are read, so that the list takes little memory. Yields to other work in between.
   *
   * @param damaged what to do with a unit whose end is damaged: `throw` an error, or set it
   *   `aside`.
   * @throws DatasetError as in `read`.
   */
  async currentUnits(damaged: 'throw' | 'aside' = 'throw'): Promise<PlannedUnit[]> {
    const units: PlannedUnit[] = [];
    await this.eachCurrentUnit(damaged, (unit) => void units.push(unit));
    return units;
  }

  /**
   * Calls `take` with each of the units of `currentUnits`, without building a list.
   * @throws what `currentUnits` throws.
   */
  async eachCurrentUnit(damaged: 'throw' | 'aside', take: (unit: PlannedUnit) => void): Promise<void> {
    await this.#index.refresh();
    const index = this.#index;
    const places = await this.#lookAtAll(damaged);
    const several = new Map<string, string[]>();
    const breather = new Breather();
    if (index.hasSuperseded) {
      for (let at = 0; at < places.length; at += 1) {
        const place = places.at(at);
        const itemId = index.itemAt(place);
        if (index.hasSeveral(itemId)) several.set(itemId, [...(several.get(itemId) ?? []), index.keyAt(place)]);
        if (breather.isDue) await breather.rest();
      }
    }
    for (let at = 0; at < places.length; at += 1) {
      const place = places.at(at);
      const itemId = several.size === 0 ? '' : index.itemAt(place);
      const rivals = several.get(itemId);
      const isCurrent =
        rivals === undefined || index.currentOf(itemId, rivals, await this.#recorded(itemId)) === index.keyAt(place);
      if (isCurrent) take(index.unitAt(place));
      if (breather.isDue) await breather.rest();
    }
  }

  /**
   * Reads a unit; a damaged one is set aside.
   * @throws DatasetError `unreadable` when it does not exist, `damaged`, naming the file.
   */
  async read(key: string): Promise<UnitTable> {
    const path = this.unitPath(key);
    return this.#decode(key, await this.#units.read(key).catch((error: unknown) => missing(path, error)));
  }

  /**
   * Reads a small unit synchronously: for many small files, the pauses of asynchronous reads cost
   * more than the reads. Undefined for a large, damaged or remote one: see `read`.
   *
   * @throws DatasetError `unreadable`.
   */
  readNow(key: string): UnitTable | undefined {
    const path = this.unitPath(key);
    if (this.#units.readNow === undefined) return undefined;
    if ((this.#index.sizeOf(key) ?? Number.POSITIVE_INFINITY) > SMALL_BYTES) return undefined;
    let bytes: Uint8Array;
    try {
      bytes = this.#units.readNow(key);
    } catch (error) {
      return missing(path, error);
    }
    try {
      return decodeUnit(bytes, path);
    } catch (error) {
      // `read` reports the error, and sets the unit aside.
      if (error instanceof DatasetError) return undefined;
      throw error;
    }
  }

  /** Decodes a unit. A damaged one is set aside, so that the next run computes its item again. */
  async #decode(key: string, bytes: Uint8Array): Promise<UnitTable> {
    try {
      return decodeUnit(bytes, this.unitPath(key));
    } catch (error) {
      if (error instanceof DatasetError && this.#notes) await this.#putAside(key);
      throw error;
    }
  }

  /**
   * Reads what a unit says about itself, without its rows.
   * @throws DatasetError as in `read`.
   */
  async readFacts(key: string): Promise<UnitFacts> {
    const path = this.unitPath(key);
    // Synchronous where possible: a pause costs ten times as much as the read, and datasets have
    // thousands of units.
    const readEnd = async (length: number): Promise<Uint8Array> => {
      try {
        const end = this.#units.readEnd(key, length);
        return end instanceof Promise ? await end : end;
      } catch (error) {
        return missing(path, error);
      }
    };
    const facts = decodeUnitFacts(await readEnd(TAIL_BYTES), path);
    if (typeof facts !== 'number') return facts;
    const again = decodeUnitFacts(await readEnd(facts), path);
    if (typeof again !== 'number') return again;
    throw new DatasetError('damaged', `${path} is not a whole unit of a dataset: its footer is longer than the file`, {
      remedy: 'Run the command that made the dataset again: only that item is computed again.',
    });
  }

  /**
   * What a committed unit says about itself, or undefined if it is not committed. A unit whose
   * footer is damaged is set aside, and counts as not committed: resuming computes it again.
   */
  async facts(key: string): Promise<UnitFacts | undefined> {
    const place = await this.#placeUnlessDamaged(key);
    return place === undefined ? undefined : this.#index.factsAt(place);
  }

  /**
   * The place of a whole unit. A unit that this process has already found whole is only looked up
   * by name, since nobody overwrites a unit.
   */
  #placeIfWhole(key: string): number | undefined | Promise<number | undefined> {
    const known = this.#index.placeOf(key);
    return known !== undefined && this.#seen.at(known) === 1 ? known : this.#placeUnlessDamaged(key);
  }

  async #placeUnlessDamaged(key: string): Promise<number | undefined> {
    try {
      return await this.#placeIfThere(key);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      await this.#putAside(key);
      return undefined;
    }
  }

  /**
   * The place of a committed unit in the index: with what the index says about it if its file is
   * the one that the index knows, else with what the file says.
   */
  async #placeIfThere(key: string): Promise<number | undefined> {
    const known = this.#index.placeOf(key);
    const file = this.#units.seen(checkKey(key)) ?? (await this.#units.look(key));
    if (file === undefined) return undefined;
    if (known !== undefined && this.#index.isOf(known, file.size, file.modified)) {
      this.#seen.set(known, 1);
      return known;
    }
    return this.#index.note(key, { facts: await this.readFacts(key), ...file });
  }

  /** Places of all units in the index, sorted by key. */
  async #lookAtAll(damaged: 'throw' | 'aside'): Promise<Growing<Int32Array>> {
    const found = new Growing(Int32Array);
    const breather = new Breather();
    for await (const keys of this.#units.keys()) {
      for (const key of keys) {
        const place = await (damaged === 'aside' ? this.#placeIfWhole(key) : this.#placeIfThere(key));
        if (place !== undefined) found.push(place);
        if (this.#index.pending >= NOTED_AT_A_TIME) await this.#flush();
        if (breather.isDue) await breather.rest();
      }
    }
    await this.#flush();
    return found;
  }

  /**
   * Reads units that the index does not name. Damaged ones are dealt with when they are requested.
   */
  async #lookAtUnknown(): Promise<void> {
    const breather = new Breather();
    for await (const keys of this.#units.keys()) {
      for (const key of keys.filter((each) => this.#index.placeOf(each) === undefined)) {
        try {
          await this.#placeIfThere(key);
        } catch (error) {
          if (!(error instanceof DatasetError)) throw error;
        }
        if (this.#index.pending >= NOTED_AT_A_TIME) await this.#flush();
        if (breather.isDue) await breather.rest();
      }
    }
    await this.#flush();
  }

  /**
   * If the dataset is not writable or its disk is full, a reader does without: the index is only an
   * aid.
   */
  async #flush(): Promise<void> {
    if (!this.#notes) return;
    try {
      await this.#index.flush();
    } catch (error) {
      if (!UNWRITABLE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  /**
   * Writes the dead letter of an item, unless there is one; letters for earlier contents of the
   * item's file are removed. It is on disk when this resolves.
   *
   * @throws UsageError for a key that is not lower-case hexadecimal.
   */
  async record(key: string, letter: DeadLetter): Promise<void> {
    await this.#letters.record(checkKey(key), letter);
    await this.#far?.lettersChanged();
  }

  /**
   * The dead letter of a key, if it has one and no unit. A damaged letter is set aside, and its
   * item is retried.
   */
  async letter(key: string): Promise<DeadLetter | undefined> {
    return this.#letter(key);
  }

  #letter(key: string): DeadLetter | undefined {
    return this.#units.seen(checkKey(key)) !== undefined ? undefined : this.#letters.get(key);
  }

  /**
   * All dead letters with their keys, sorted by key. Letters of keys that another process has
   * committed are left out.
   */
  async letters(): Promise<KeptLetter[]> {
    return this.#letters.keys().flatMap((key) => {
      const letter = this.#letter(key);
      return letter ? [{ key, letter }] : [];
    });
  }

  /** How many dead letters there are. Yields to other work in between. */
  async countLetters(): Promise<number> {
    if (!existsSync(this.#dead)) return 0;
    let letters = 0;
    await eachEntry(this.#dead, ({ name }) => {
      const key = keyOfLetter(name);
      if (key !== undefined && this.#letter(key) !== undefined) letters += 1;
    });
    return letters;
  }

  /**
   * Lets dead items be retried: removes their letters, and remembers how often they failed.
   *
   * @returns how many of the keys had a letter.
   * @throws UsageError for a key that is not lower-case hexadecimal.
   */
  async retry(keys: readonly string[]): Promise<number> {
    const retried = this.#letters.retry(keys.map(checkKey));
    if (retried > 0) await this.#far?.lettersChanged();
    return retried;
  }

  /**
   * Removes every unit of an item, for any content of its file, and its dead letters.
   * @returns how many there were.
   */
  async remove(itemId: string): Promise<{ readonly units: number; readonly letters: number }> {
    await this.#index.refresh();
    let units = 0;
    for (const key of this.#index.keysOf(itemId)) units += await this.#units.remove(key);
    const letters = await this.#letters.remove(itemId);
    await this.#far?.lettersChanged();
    return { units, letters };
  }

  async #putAside(key: string): Promise<void> {
    const path = await this.#units.putAside(key);
    if (path !== undefined) this.setAside.push(path);
  }
}

function checkKey(key: string): string {
  if (!isUnitKey(key))
    throw new UsageError(`a unit's key must be 8 to 128 lower-case hexadecimal digits, but is '${key}'`);
  return key;
}

function missing(path: string, cause: unknown): never {
  throw new DatasetError('unreadable', `${path} cannot be read: ${wordsOf(cause)}`, {
    remedy: 'Run the command that made the dataset again: only what is missing is computed.',
    cause,
  });
}
