import type { MemoryPool, OperatorInstance } from './memory-pool.ts';
import type { Bytes } from './payload.ts';
import { type DuplicateRules, type Original, RecentElements } from './recent-elements.ts';

/**
 * The number of duplicates per pipeline that may wait without being held: ten seconds of video at
 * 25 frames a second, 25 kB.
 */
const MAX_UNHELD = 256;

/** A queued element that takes the result of an equal one. */
export interface Duplicate<A, R> {
  readonly original: Original<A, R>;
  readonly own: (result: R) => R;
  /** The element itself, if it is held until then. */
  readonly held: { readonly value: A; readonly bytes: Bytes } | undefined;
}

/**
 * The duplicates of one pipeline of a batcher, and what they hold: remembered results, and waiting
 * elements beyond the limit.
 */
export class InputDuplicates<A, R> {
  readonly #rules: DuplicateRules<A, R>;
  readonly #recent: RecentElements<A, R>;
  readonly #memoryPool: MemoryPool;
  readonly #instance: OperatorInstance;
  #kept: Bytes = 0;
  #unheld = 0;

  constructor(rules: DuplicateRules<A, R>, memoryPool: MemoryPool, instance: OperatorInstance) {
    this.#rules = rules;
    this.#recent = new RecentElements(rules);
    this.#memoryPool = memoryPool;
    this.#instance = instance;
  }

  /** The original that an element equals, or that it is. */
  meet(value: A): { readonly original: Original<A, R>; readonly isDuplicate: boolean } {
    const { meter } = this.#instance;
    const met = meter.run(() => this.#recent.meet(value));
    if (met.isDuplicate) meter.duplicates = (meter.duplicates ?? 0) + 1;
    return met;
  }

  /** A duplicate for the queue, released at once unless too many are waiting already. */
  wait(value: A, original: Original<A, R>, cost: (value: A) => Bytes): Duplicate<A, R> {
    const own = this.#rules.ownResult(value);
    original.isAwaited = true;
    if (this.#unheld < (this.#rules.maxUnheld ?? MAX_UNHELD)) {
      this.#unheld++;
      return { original, own, held: undefined };
    }
    const bytes = cost(value);
    this.#memoryPool.hold(this.#instance, value, bytes);
    return { original, own, held: { value, bytes } };
  }

  /** Called when a duplicate stops waiting: it has its result, or nobody wants it. */
  leave({ held }: Duplicate<A, R>): void {
    if (held === undefined) this.#unheld--;
    else this.#memoryPool.release(this.#instance, held.value, held.bytes);
  }

  /** Called when an original has its result and is about to be released. */
  settle(original: Original<A, R>, value: A, result: R): void {
    this.#instance.meter.run(() => this.#recent.settle(original, value, result));
  }

  /** Forgets what is remembered. */
  forget(): void {
    this.#recent.clear();
  }

  /**
   * Tells the memory pool how many bytes the remembered results take now, and returns the change.
   */
  count(): Bytes {
    const change = this.#recent.keptBytes - this.#kept;
    this.#kept += change;
    if (change > 0) this.#memoryPool.keep(this.#instance, change, true);
    else if (change < 0) this.#memoryPool.drop(this.#instance, -change);
    return change;
  }
}
