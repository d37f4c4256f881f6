import type { Bytes } from './payload.ts';

/** How a batcher recognises equal elements of a pipeline, in order to compute them once. */
export interface DuplicateRules<A, R> {
  /** Number of distinct elements remembered for each pipeline. */
  readonly recent: number;
  /** Bytes of a result that is remembered. */
  readonly resultBytes: Bytes;
  /**
   * Number of duplicates per pipeline that may wait without being held, about 100 bytes each;
   * further ones are held like other elements. Default 256.
   */
  readonly maxUnheld?: number | undefined;
  /**
   * A number that equal elements share and most others do not. Cheap, because it is computed for
   * every element.
   */
  readonly sample: (value: A) => number;
  /**
   * What equal elements share and no others do: a cryptographic digest of all bytes. Computed only
   * when samples agree, or for an element that is about to be released.
   */
  readonly digest: (value: A) => string;
  /**
   * Turns the result of an equal element into this element's. The function it returns must not keep
   * the element, and what that function returns must not share memory with what it was given.
   */
  readonly ownResult: (value: A) => (result: R) => R;
}

/** A distinct element: the first of its kind among the recent ones. */
export interface Original<A, R> {
  readonly sample: number;
  digest: string | undefined;
  /** The element, until its batch has settled. */
  value: A | undefined;
  /** A copy of its result, from then on. */
  result: { readonly value: R } | undefined;
  /** Whether a later element takes its result. */
  isAwaited: boolean;
}

/**
 * The most recent distinct elements of a pipeline, least recently seen first. An element is sampled
 * when it arrives. Its digest, which costs hundreds of times more, is computed only if the sample
 * agrees with that of a remembered element; that of a remembered element, when its bytes are about
 * to be released. So a pipeline without duplicates computes few digests.
 */
export class RecentElements<A, R> {
  readonly #rules: DuplicateRules<A, R>;
  #elements: Original<A, R>[] = [];

  constructor(rules: DuplicateRules<A, R>) {
    this.#rules = rules;
  }

  /** Bytes of the results that it keeps. */
  get keptBytes(): Bytes {
    return this.#rules.resultBytes * this.#elements.filter(({ result }) => result !== undefined).length;
  }

  /** The element that this one equals, or this one as a new original, which replaces the oldest. */
  meet(value: A): { readonly original: Original<A, R>; readonly isDuplicate: boolean } {
    const sample = this.#rules.sample(value);
    let digest: string | undefined;
    for (const [position, each] of this.#elements.entries()) {
      if (each.sample !== sample) continue;
      digest ??= this.#rules.digest(value);
      if (this.#digestOf(each) !== digest) continue;
      this.#elements.splice(position, 1);
      this.#elements.push(each);
      return { original: each, isDuplicate: true };
    }
    const original: Original<A, R> = { sample, digest, value, result: undefined, isAwaited: false };
    this.#elements.push(original);
    if (this.#elements.length > this.#rules.recent) this.#elements.shift();
    return { original, isDuplicate: false };
  }

  /**
   * Called when an original has its result and is about to be released: keeps a copy for the equal
   * ones that are waiting or may come.
   */
  settle(original: Original<A, R>, value: A, result: R): void {
    const remembered = this.#elements.includes(original);
    if (remembered) this.#digestOf(original);
    if (remembered || original.isAwaited) original.result = { value: this.#rules.ownResult(value)(result) };
    original.value = undefined;
  }

  /** Forgets all; elements that wait for a result still get it. */
  clear(): void {
    this.#elements = [];
  }

  #digestOf(original: Original<A, R>): string {
    original.digest ??= this.#rules.digest(original.value as A);
    return original.digest;
  }
}
