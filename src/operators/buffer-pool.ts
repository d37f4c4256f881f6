import { checkInteger, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { letGo, renewed, sharedMemory } from '../core/shared-memory.ts';
import type { MemoryPool } from './memory-pool.ts';
import type { Bytes } from './payload.ts';
import { poison } from './poison.ts';

/**
 * Buffers to use again: a payload gives its memory back in `onIdle`, the next read takes it. Idle
 * buffers and held bytes together never exceed the budget: what does not fit is left to the garbage
 * collector. Their memory is shared, so that threads that decode and infer write and read it where
 * it is; a copy made by `slice` is not.
 *
 * The memory gets a new buffer object when it is given back (3 us, whatever its length): an
 * operator that is handed a view that somebody kept knows it from what is read next, and refuses
 * it. Read directly, such a view shows what is read next.
 *
 * @example
 * const pixels = flow.pool.take(width * height * 3);
 * new Frame(pixels, width, height, index, time, (data) => flow.pool.give(data));
 */
export class BufferPool {
  readonly #memoryPool: MemoryPool;
  readonly #poison: boolean;
  /** Idle buffers by their length. */
  readonly #idle = new Map<Bytes, Set<ArrayBufferLike>>();
  /** What was given, which must not be given again. */
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

  /** Buffers allocated because none of the length was idle. */
  get allocations(): number {
    return this.#allocations;
  }

  /**
   * A buffer of exactly this many bytes with undefined content, which is all of its memory. Take it
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
   * Takes a buffer back; a view gives its whole memory. Nothing is kept of one without bytes, such
   * as a buffer of your own that was transferred.
   *
   * @throws UsageError when it was given already, or is not a view.
   */
  give(view: ArrayBufferView): void {
    if (!ArrayBuffer.isView(view)) throw new UsageError(`\`view\` must be a view of memory, but is ${shown(view)}`);
    const { buffer } = view;
    if (this.#given.has(buffer)) throw new UsageError('`view` must not be given to the pool twice');
    const bytes = buffer.byteLength;
    if (bytes === 0) return;
    this.#given.add(buffer);
    // What is read next would hide it.
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

  /** Lets go of idle buffers until they fit beside `used` bytes. */
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
