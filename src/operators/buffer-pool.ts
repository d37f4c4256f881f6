import { checkInteger, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { letGo, renewed, sharedMemory } from '../core/shared-memory.ts';
import type { MemoryPool } from './memory-pool.ts';
import type { Bytes } from './payload.ts';
import { poison } from './poison.ts';

/**
 * Reusable buffers: a payload gives its memory back in `onIdle`, and the next read takes it. Idle
 * buffers and held bytes together never exceed the budget; what does not fit is left to the garbage
 * collector. The memory is shared, so decoder and inference threads write and read it in place; a
 * copy made by `slice` is not shared.
 *
 * When memory is given back, it gets a new buffer object (3 us, whatever its length). That is how
 * an operator tells a stale view from a fresh one, and refuses it. Read directly, a stale view
 * shows whatever was read next.
 *
 * @example
 * const pixels = flow.pool.take(224 * 224 * 3);
 * new Frame(pixels, 224, 224, 0, 0, (data) => flow.pool.give(data));
 */
export class BufferPool {
  readonly #memoryPool: MemoryPool;
  readonly #poison: boolean;
  /** Idle buffers by length. */
  readonly #idle = new Map<Bytes, Set<ArrayBufferLike>>();
  /** Buffers that were given back, which must not be given twice. */
  readonly #given = new WeakSet<ArrayBufferLike>();
  #idleBytes: Bytes = 0;
  #allocations = 0;

  /** Made by `Flow`. @internal */
  constructor(memoryPool: MemoryPool, poison = false) {
    this.#memoryPool = memoryPool;
    this.#poison = poison;
    memoryPool.onRise = () => {
      if (this.#idleBytes > 0 && this.#idleBytes + memoryPool.held > memoryPool.budget) this.#trim(memoryPool.held);
    };
  }

  /** Bytes of idle buffers. */
  get idleBytes(): Bytes {
    return this.#idleBytes;
  }

  /** Buffers allocated because no idle one had the right length. */
  get allocations(): number {
    return this.#allocations;
  }

  /**
   * A view of exactly this many bytes with undefined content, covering its whole buffer. Take it
   * inside a reserved read.
   */
  take(bytes: Bytes): Uint8Array {
    checkInteger('bytes', bytes);
    const idle = this.#idle.get(bytes);
    for (const buffer of idle ?? []) {
      this.#forget(buffer);
      return new Uint8Array(buffer);
    }
    this.#trim(this.#memoryPool.used);
    this.#allocations++;
    return new Uint8Array(sharedMemory(bytes));
  }

  /**
   * Takes a buffer back; a view gives back its whole memory. A buffer without bytes, such as one of
   * yours that was transferred, is not kept.
   *
   * @throws UsageError if it was given back already, or is not a view.
   */
  give(view: ArrayBufferView): void {
    if (!ArrayBuffer.isView(view)) throw new UsageError(`\`view\` must be a view of memory, but is ${shown(view)}`);
    const { buffer } = view;
    if (this.#given.has(buffer)) throw new UsageError('`view` must not be given to the pool twice');
    const bytes = buffer.byteLength;
    if (bytes === 0) return;
    this.#given.add(buffer);
    // Otherwise the next read would hide the mistake.
    if (this.#poison) {
      poison(view);
      return;
    }
    if (this.#idleBytes + this.#memoryPool.used + bytes > this.#memoryPool.budget) {
      letGo(buffer);
      return;
    }
    const idle = this.#idle.get(bytes) ?? new Set();
    idle.add(renewed(buffer));
    this.#idle.set(bytes, idle);
    this.#idleBytes += bytes;
  }

  /** Drops idle buffers until the rest fits beside `used` bytes. */
  #trim(used: Bytes): void {
    for (const idle of this.#idle.values()) {
      for (const buffer of idle) {
        if (this.#idleBytes + used <= this.#memoryPool.budget) return;
        this.#forget(buffer);
        letGo(buffer);
      }
    }
  }

  #forget(buffer: ArrayBufferLike): void {
    const idle = this.#idle.get(buffer.byteLength) as Set<ArrayBufferLike>;
    idle.delete(buffer);
    if (idle.size === 0) this.#idle.delete(buffer.byteLength);
    this.#idleBytes -= buffer.byteLength;
  }
}
