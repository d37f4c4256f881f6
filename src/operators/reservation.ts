import { checkInteger, checkString, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { FlowCore } from './core.ts';
import type { OperatorInstance, PoolConsumer } from './memory-pool.ts';
import type { Bytes } from './payload.ts';

/**
 * Accounts for bytes that an operator keeps on its own: copies, tables, medians. They count against
 * the budget at once and cannot be refused, so tell the scope their maximum (`claim` and `kept`)
 * and the room is set aside. For what was not announced, sources leave as much room free as the
 * largest addition so far (not counting each reservation's first), until the last operator of the
 * scope has ended.
 *
 * @example
 * const kept = scope.reservation('median');
 * kept.grow(4096 * 4);
 * kept.free();
 */
export class Reservation {
  readonly #core: FlowCore;
  readonly #instance: OperatorInstance;
  #additions = 0;

  /** Made by `scope.reservation(name)`. @internal */
  constructor(core: FlowCore, scope: PoolConsumer, name: string) {
    checkString('name', name);
    this.#core = core;
    this.#instance = core.instance(name, 'holder', scope);
  }

  /** Bytes kept now. */
  get bytes(): Bytes {
    return this.#instance.bytes;
  }

  /** Adds `bytes` to the reservation. @throws UsageError after `free`. */
  grow(bytes: Bytes): void {
    checkInteger('bytes', bytes, 0);
    if (this.#instance.closed) throw new UsageError('`grow` must not be called on a reservation that is freed');
    // The first is its initial size; later ones show by how much it grows.
    this.#core.memoryPool.keep(this.#instance, bytes, this.#additions++ > 0);
  }

  /** Takes `bytes` from the reservation. @throws UsageError if it keeps fewer. */
  shrink(bytes: Bytes): void {
    checkInteger('bytes', bytes, 0);
    if (bytes > this.#instance.bytes) {
      throw new UsageError(`\`bytes\` must be at most the ${this.#instance.bytes} kept, but is ${shown(bytes)}`);
    }
    this.#core.memoryPool.drop(this.#instance, bytes);
  }

  /** Frees everything; may be called again. */
  free(): void {
    this.#core.memoryPool.drop(this.#instance, this.#instance.bytes);
    this.#core.memoryPool.closeInstance(this.#instance);
  }
}
