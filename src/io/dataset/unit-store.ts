import type { DeadLetter } from './dead-letter.ts';
import type { UnitFacts, UnitTable } from './schema.ts';

/** A dead letter and the key that it is kept under. */
export interface KeptLetter {
  readonly key: string;
  readonly letter: DeadLetter;
}

/**
 * Where a run commits units and buries dead letters. Everything is a promise, so that what keeps
 * them may be far away. Any number of runs may use one at the same time: of several that commit a
 * key the first wins, and that is not an error.
 */
export interface UnitStore {
  /** Whether a unit is committed. */
  has(key: string): Promise<boolean>;
  /** What a committed unit says of itself; undefined when it is not committed, or damaged. */
  facts(key: string): Promise<UnitFacts | undefined>;
  /**
   * Commits a unit, which becomes the current one of its item; `duplicate` when it was committed
   * before, here or elsewhere: then this one is dropped.
   */
  commit(key: string, table: UnitTable): Promise<'committed' | 'duplicate'>;
  /** Keys of all committed units, ascending. */
  keys(): Promise<string[]>;
  /**
   * Whether a unit is the current one of its item, or is as soon as it is committed, without
   * `makeCurrent`.
   */
  isCurrent(itemId: string, key: string): Promise<boolean>;
  /** Says that of the units of an item this one is current. */
  makeCurrent(itemId: string, key: string): Promise<void>;
  /** Writes the dead letter of an item, unless its key has one. */
  record(key: string, letter: DeadLetter): Promise<void>;
  /** The dead letter of a key that has no unit. */
  letter(key: string): Promise<DeadLetter | undefined>;
  /** All dead letters, by key. */
  letters(): Promise<KeptLetter[]>;
  /** Whether a key has a dead letter, as it was at the last `refresh`: cheap. */
  hasLetter(key: string): Promise<boolean>;
  /** Whether any key had one then. */
  hasLetters(): Promise<boolean>;
  /** Takes dead letters away, so that their items are tried again. @returns how many there were. */
  retry(keys: readonly string[]): Promise<number>;
  /**
   * Looks at what other runs have done meanwhile. Called often; what costs is to be done once a
   * second at most.
   */
  refresh(): Promise<void>;
}
