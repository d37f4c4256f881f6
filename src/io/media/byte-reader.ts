/**
 * Pulls exact counts of bytes out of a source that pushes. The source gives its bytes to `arrived`, which tells it whether
 * to go on; when a read needs more, `resume` lets it. What a read leaves over stays where it arrived: a source that was
 * told to stop must not write over it until it is resumed.
 */
export class ByteReader {
  readonly #resume: () => void;
  #left: Uint8Array = NOTHING;
  #ended = false;
  #failure: unknown;
  #waiting:
    | { readonly into: Uint8Array; filled: number; resolve(filled: number): void; reject(error: unknown): void }
    | undefined;
  /** When bytes came last, or when the present wait began; `performance.now()`. */
  lastProgress = 0;

  /** @param resume lets the source go on; called when a read waits. */
  constructor(resume: () => void) {
    this.#resume = resume;
  }

  /** Whether a read waits for bytes now. */
  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Fills `into`. Gives the count of bytes filled, less than its length only at the end of the source; at once where
   * the bytes are there already. One read at a time.
   */
  read(into: Uint8Array): number | Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const filled = this.#drain(into, 0);
    if (filled === into.length || this.#ended) return filled;
    return new Promise((resolve, reject) => {
      this.#waiting = { into, filled, resolve, reject };
      this.lastProgress = performance.now();
      this.#resume();
    });
  }

  /** Takes bytes of the source, which are not copied before they are read. @returns whether more is wanted at once. */
  arrived(bytes: Uint8Array): boolean {
    this.#left = this.#left.length === 0 ? bytes : Buffer.concat([this.#left, bytes]);
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    this.lastProgress = performance.now();
    waiting.filled = this.#drain(waiting.into, waiting.filled);
    if (waiting.filled < waiting.into.length) return true;
    this.#waiting = undefined;
    waiting.resolve(waiting.filled);
    return false;
  }

  /** The source has ended. */
  finish(): void {
    this.#ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(waiting.filled);
  }

  /** Makes the present and every later read reject. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#ended) return;
    this.#failure = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #drain(into: Uint8Array, from: number): number {
    const count = Math.min(this.#left.length, into.length - from);
    if (count === 0) return from;
    into.set(this.#left.subarray(0, count), from);
    this.#left = count === this.#left.length ? NOTHING : this.#left.subarray(count);
    return from + count;
  }
}

const NOTHING = new Uint8Array(0);
