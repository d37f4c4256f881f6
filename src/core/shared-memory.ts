/** A message to a thread about shared memory. */
export type MemoryMessage =
  | { readonly kind: 'memory'; readonly number: number; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'forget'; readonly numbers: readonly number[] };

const numbers = new WeakMap<SharedArrayBuffer, number>();
const links = new Set<MemoryLink>();
let made = 0;

/** Memory that threads address by number once they know it; see `MemoryLink`. */
export function sharedMemory(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes);
  made += 1;
  numbers.set(buffer, made);
  return buffer;
}

/**
 * Releases memory of `sharedMemory`: every thread that knows it forgets it. Other memory is not
 * affected.
 */
export function letGo(buffer: ArrayBufferLike): void {
  const number = numberedAs(buffer);
  if (number === undefined) return;
  numbers.delete(buffer as SharedArrayBuffer);
  for (const link of links) link.forget(number);
}

/**
 * The same memory as a new object, which threads know by the same number, so that views of the old
 * object can be distinguished from views of the new one. Memory that is not shared is moved, which
 * empties views of the old object.
 */
export function renewed(buffer: ArrayBufferLike): ArrayBufferLike {
  if (buffer instanceof ArrayBuffer) return structuredClone(buffer, { transfer: [buffer] });
  const again = structuredClone(buffer);
  const number = numbers.get(buffer);
  if (number !== undefined) numbers.set(again, number);
  numbers.delete(buffer);
  return again;
}

/**
 * Whether a view covers a whole memory of `sharedMemory`, so that a thread can be sent its number
 * instead of its bytes.
 */
export function isShared(view: ArrayBufferView): boolean {
  return numberedAs(view.buffer) !== undefined && view.byteLength === view.buffer.byteLength;
}

function numberedAs(buffer: ArrayBufferLike): number | undefined {
  return buffer instanceof SharedArrayBuffer ? numbers.get(buffer) : undefined;
}

/**
 * What one thread knows about shared memory. Memory is sent to it once, when it is first used, and
 * referred to by number from then on: sending the same memory again and again would leave the
 * thread a new object to collect each time.
 *
 * @example
 * declare const worker: { postMessage(message: unknown): void };
 * const link = new MemoryLink((message) => worker.postMessage(message));
 * worker.postMessage({ kind: 'fill', memory: link.numberOf(new Uint8Array(sharedMemory(4096))) });
 */
export class MemoryLink {
  readonly #post: (message: MemoryMessage) => void;
  readonly #known = new Set<number>();
  #forgotten: number[] = [];

  /** @param post - sends the thread a message. */
  constructor(post: (message: MemoryMessage) => void) {
    this.#post = post;
    links.add(this);
  }

  /**
   * The number of the memory that a view covers, which the thread knows from now on; `isShared`
   * must be true for the view.
   */
  numberOf(view: ArrayBufferView): number {
    const number = numberedAs(view.buffer) as number;
    if (!this.#known.has(number)) {
      this.#known.add(number);
      this.#post({ kind: 'memory', number, buffer: view.buffer as SharedArrayBuffer });
    }
    return number;
  }

  /** Called by `letGo`. Memory forgotten in one turn is sent in one message. */
  forget(number: number): void {
    if (!this.#known.delete(number)) return;
    if (this.#forgotten.length === 0) {
      queueMicrotask(() => {
        const numbers = this.#forgotten;
        this.#forgotten = [];
        if (links.has(this)) this.#post({ kind: 'forget', numbers });
      });
    }
    this.#forgotten.push(number);
  }

  /** Called when the thread has ended. */
  close(): void {
    links.delete(this);
  }
}
