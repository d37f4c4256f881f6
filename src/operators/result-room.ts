import type { Admission, Waiter } from './admission.ts';
import { weightOf } from './measure.ts';
import type { MemoryPool, OperatorInstance } from './memory-pool.ts';
import type { Bytes } from './payload.ts';

/**
 * Room for the results of asynchronous operations: a result that is larger than its element, or
 * waits beside it for earlier ones, takes bytes that no source has reserved. So such an operation
 * is admitted like a read. The size of results is learnt from those seen so far.
 */
export class ResultRoom {
  readonly #memoryPool: MemoryPool;
  readonly #admission: Admission;
  /** Number of operations that may be under way at once. */
  readonly #concurrency: number;
  /** The largest number of bytes that a result has added. */
  #largest: Bytes = 0;
  #waiter: Waiter | undefined;

  constructor(memoryPool: MemoryPool, admission: Admission, concurrency: number) {
    this.#memoryPool = memoryPool;
    this.#admission = admission;
    this.#concurrency = concurrency;
  }

  /** The largest number of bytes that a result has added. */
  get largest(): Bytes {
    return this.#largest;
  }

  /** Whether an operation is waiting for room. */
  get waiting(): boolean {
    return this.#waiter !== undefined;
  }

  /**
   * Announces that results of this many bytes are to be expected for elements of `element` bytes.
   */
  expect(instance: OperatorInstance, bytes: Bytes, element: Bytes): void {
    if (bytes <= this.#largest) return;
    this.#largest = bytes;
    // Sources leave room for operations that need more than they give back, but at most half of the
    // budget.
    const more = (bytes - element) * this.#concurrency;
    if (more > 0) this.#memoryPool.grow(instance.scope, Math.min(more, Math.floor(this.#memoryPool.budget / 2)));
  }

  /** Learns from a result. */
  learn<B>(instance: OperatorInstance, result: B, cost: ((result: B) => Bytes) | undefined, element: Bytes): void {
    this.expect(
      instance,
      this.#memoryPool.addition(result, cost === undefined ? weightOf(result) : cost(result)),
      element,
    );
  }

  /** Reserves room at once, if there is any beyond what everyone else has been promised. */
  take(instance: OperatorInstance, bytes: Bytes): boolean {
    return bytes === 0 || this.#admission.reserveIfSafe(instance.scope, bytes);
  }

  /**
   * Reserves room at once and returns true, or waits for it and calls `settle` later. One at a
   * time.
   */
  ask(instance: OperatorInstance, bytes: Bytes, settle: (refusal: Error | undefined) => void): boolean {
    if (bytes === 0 || this.#admission.tryReserve(instance.scope, bytes)) return true;
    const waiter: Waiter = {
      instance,
      need: bytes,
      first: true,
      settle: (refusal) => {
        this.#waiter = undefined;
        settle(refusal);
        this.#admission.end();
      },
    };
    this.#waiter = waiter;
    this.#admission.begin();
    this.#admission.park(waiter);
    return false;
  }

  /** Stops waiting for room. */
  cancel(): void {
    if (this.#waiter === undefined) return;
    this.#admission.cancel(this.#waiter);
    this.#waiter = undefined;
    this.#admission.end();
  }

  /** Cancels a reservation: what it was for has arrived. */
  give(instance: OperatorInstance, bytes: Bytes): void {
    if (bytes > 0) this.#memoryPool.unreserve(instance.scope, bytes);
  }
}
