import type { Readable } from 'node:stream';

/** Bytes that Node.js reads from a pipe at most: a smaller chunk has emptied it. */
const FULL_CHUNK = 65_536;
/** Milliseconds in which an emptied pipe may fill again: one picture comes in a third of the reads. */
const PAUSE = 1;

/**
 * Pulls exact counts of bytes out of a readable stream. A chunk that arrives while nobody reads stops the stream, so
 * at most two chunks here and one in the stream's own buffer wait (64 KiB each for a child's pipe). A chunk that emptied
 * the pipe lets it fill for a moment before the next: the main thread wakes less often for a decoder slower than it.
 */
export class ByteReader {
  readonly #stream: Readable;
  readonly #chunks: Uint8Array[] = [];
  #taken = 0;
  #ended = false;
  #failure: unknown;
  #waiting:
    | { readonly into: Uint8Array; filled: number; resolve(filled: number): void; reject(error: unknown): void }
    | undefined;
  /** When bytes came last, or when the present wait began; `performance.now()`. */
  lastProgress = 0;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Uint8Array) => this.#arrived(chunk));
    stream.on('end', () => this.#finish());
    stream.on('close', () => this.#finish());
    stream.on('error', (error) => this.fail(error));
    stream.pause();
  }

  /** Whether a read waits for bytes now. */
  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Fills `into`. Gives the count of bytes filled, less than its length only at the end of the stream; at once where
   * the bytes are there already. One read at a time.
   */
  read(into: Uint8Array): number | Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const filled = this.#drain(into, 0);
    if (filled === into.length || this.#ended) return filled;
    return new Promise((resolve, reject) => {
      this.#waiting = { into, filled, resolve, reject };
      this.lastProgress = performance.now();
      this.#stream.resume();
    });
  }

  /** Makes the present and every later read reject. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#ended) return;
    this.#failure = error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #arrived(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#stream.pause();
      return;
    }
    this.lastProgress = performance.now();
    waiting.filled = this.#drain(waiting.into, waiting.filled);
    if (waiting.filled < waiting.into.length) {
      if (chunk.length < FULL_CHUNK) this.#pauseBriefly();
      return;
    }
    this.#waiting = undefined;
    waiting.resolve(waiting.filled);
  }

  #pauseBriefly(): void {
    this.#stream.pause();
    setTimeout(() => {
      if (this.#waiting !== undefined) this.#stream.resume();
    }, PAUSE);
  }

  #drain(into: Uint8Array, from: number): number {
    let filled = from;
    while (filled < into.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const count = Math.min(chunk.length - this.#taken, into.length - filled);
      into.set(count === chunk.length ? chunk : chunk.subarray(this.#taken, this.#taken + count), filled);
      filled += count;
      this.#taken += count;
      if (this.#taken === chunk.length) {
        this.#chunks.shift();
        this.#taken = 0;
      }
    }
    return filled;
  }

  #finish(): void {
    this.#ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(waiting.filled);
  }
}
