import type { DeadLetter } from './dead-letter.ts';
import type { UnitFacts, UnitTable } from './schema.ts';

/** A dead letter and the key under which it is stored. */
export interface KeptLetter {
  readonly key: string;
  readonly letter: DeadLetter;
}

/**
 * Where a run commits units and records dead letters. Everything is a promise, so that the store
 * may be remote. Any number of runs may use one at the same time: if several commit the same key,
 * the first wins, which is not an error.
 */
export interface UnitStore {
  /** Whether a unit is committed. */
  has(key: string): Promise<boolean>;
  /** What a committed unit says about itself; undefined if it is not committed, or damaged. */
  facts(key: string): Promise<UnitFacts | undefined>;
  /**
   * Commits a unit, which becomes the current one of its item; `duplicate` if it was already
   * committed, here or elsewhere, and this one is dropped.
   */
  commit(key: string, table: UnitTable): Promise<'committed' | 'duplicate'>;
  /** Keys of all committed units, ascending. */
  keys(): Promise<string[]>;
  /**
   * Whether a unit is the current one of its item, or becomes it once it is committed, without
   * `makeCurrent`.
   */
  isCurrent(itemId: string, key: string): Promise<boolean>;
  /** Makes this unit the current one of its item. */
  makeCurrent(itemId: string, key: string): Promise<void>;
  /** Writes the dead letter of an item, unless its key has one. */
  record(key: string, letter: DeadLetter): Promise<void>;
  /** The dead letter of a key that has no unit. */
  letter(key: string): Promise<DeadLetter | undefined>;
  /** All dead letters, by key. */
  letters(): Promise<KeptLetter[]>;
  /** Whether a key had a dead letter at the last `refresh`; cheap. */
  hasLetter(key: string): Promise<boolean>;
  /** Whether any key had one at that time. */
  hasLetters(): Promise<boolean>;
  /** Removes dead letters, so that their items are retried. @returns how many there were. */
  retry(keys: readonly string[]): Promise<number>;
  /**
   * Checks what other runs have done in the meantime. Called often, so anything expensive should be
   * done at most once a second.
   */
  refresh(): Promise<void>;
}
