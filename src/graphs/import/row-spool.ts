import { closeSync, openSync, unlinkSync } from 'node:fs';
import { writeFailure } from '../../core/disk-full.ts';
import { fillSync, writeAllSync } from '../../core/whole-io.ts';

const BUFFER_BYTES = 2 ** 20;
const WIDTH = Float64Array.BYTES_PER_ELEMENT;

/**
 * Rows of float64 of equal length in a temporary file: written once, in order, then read in any
 * order. So features need not fit into memory, and the files they come from are read only once.
 * Once open, the file no longer has a name on disk, so nothing is left behind whatever happens.
 */
export class RowSpool {
  readonly dimension: number;
  readonly #path: string;
  readonly #file: number;
  readonly #buffer: Float64Array;
  #buffered = 0;
  #rows = 0;

  /** @throws the file system's own error. */
  constructor(path: string, dimension: number) {
    this.dimension = dimension;
    this.#path = path;
    this.#file = openSync(path, 'wx+');
    unlinkSync(path);
    this.#buffer = new Float64Array(Math.max(1, Math.floor(BUFFER_BYTES / WIDTH / dimension)) * dimension);
  }

  /** Rows added so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a row. @throws UsageError `disk-full`. */
  add(values: ArrayLike<number>): void {
    if (this.#buffered === this.#buffer.length) this.#flush();
    this.#buffer.set(values, this.#buffered);
    this.#buffered += this.dimension;
    this.#rows += 1;
  }

  /** Reads values `first`, `first + 1`, ... of a row, as many as `into` has. */
  read(row: number, first: number, into: Float64Array): void {
    if (this.#buffered > 0) this.#flush();
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const position = (row * this.dimension + first) * WIDTH;
    if (fillSync(this.#file, bytes, position) < bytes.byteLength) {
      throw new Error(`the temporary file ${this.#path} became shorter while it was read`);
    }
  }

  /** Closes and frees the file. */
  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#buffered * WIDTH);
    try {
      writeAllSync(this.#file, bytes);
    } catch (error) {
      throw writeFailure(this.#path, error);
    }
    this.#buffered = 0;
  }
}
