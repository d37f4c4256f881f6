import type { Bytes } from './payload.ts';

/**
 * How a batcher recognises that two elements of a pipeline are equal, so that it computes them
 * once.
 */
export interface DuplicateRules<A, R> {
  /** Distinct elements of each pipeline that are remembered. */
  readonly recent: number;
  /** Bytes of a result that is remembered. */
  readonly resultBytes: Bytes;
  /**
   * Duplicates of one pipeline that may wait without being held, about 100 bytes each; further
   * ones are held like other elements. Default 256.
   */
  readonly maxUnheld?: number | undefined;
  /**
   * A number that equal elements share and that most others do not: cheap, because it is asked of
   * every element.
   */
  readonly sample: (value: A) => number;
  /**
   * What equal elements share and no others do: a cryptographic digest of all bytes. Asked only
   * when samples agree, or of an element that is let go.
   */
  readonly digest: (value: A) => string;
  /**
   * Makes the result of an equal element this element's own. The function it gives must not keep
   * the element, and what that makes must share no memory with what it was given.
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
 * The distinct elements that one pipeline had last, the least recently met first. An element is
 * sampled when it comes; its digest, which costs hundreds of times more, is taken only when the
 * sample agrees with that of a remembered element, and of a remembered element when its bytes are
 * about to be let go. So a pipeline without duplicates pays for a digest of few of its elements.
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

  /**
   * The element that this one equals, or this one as a new original, which is remembered in place
   * of the oldest.
   */
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
   * An original has its result and is about to be let go: keeps a copy for the equal ones that wait
   * or may come.
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
