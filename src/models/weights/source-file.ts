import { closeSync, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { ModelError } from '../../core/errors.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { printableStart } from '../../core/printable.ts';
import { fillSync } from '../../core/whole-io.ts';
import { wordsOf } from '../../core/words-of.ts';

/** Maximum bytes of values in memory at a time. */
export const pieceBytes = 1 << 20;

/** Bytes in a weight file that are read on demand. */
export interface WeightBytes {
  readonly byteLength: number;
  /**
   * The bytes from `start` to `end`, in order, in full pieces of 1 MiB and one shorter last piece;
   * the buffer is reused.
   */
  pieces(start: number, end: number): Iterable<Uint8Array>;
}

/** Creates the error that says what is wrong with a weight file, with its path. */
export type Refuse = (what: string, options?: { remedy?: string | undefined; cause?: unknown }) => ModelError;

const damagedRemedy = 'Check that the file is complete; compare its size and SHA-256 with the source.';

/** Names in a hostile file may be long. */
const messageLimit = 600;

/**
 * A weight file that is read by position. It is held open while its structure is read; the values
 * are read later through separate descriptors, which refuse a file that has changed meanwhile.
 *
 * @throws ModelError `weights` if there is no such file, it cannot be opened, or it is not a
 * regular file.
 */
export class SourceFile implements WeightBytes {
  readonly byteLength: number;
  readonly #descriptor: number;
  readonly #status: Stats;

  constructor(readonly path: string) {
    refuseAddress(path);
    try {
      // Checked before opening: opening a named pipe would wait for its writer.
      if (!statSync(path).isFile()) throw this.refuse('is not a file', { remedy: 'Give the path of one weight file.' });
      this.#descriptor = openSync(path, 'r');
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw this.refuse(`cannot be read: ${wordsOf(error)}`, {
        remedy: 'Check the path and its permissions.',
        cause: error,
      });
    }
    this.#status = fstatSync(this.#descriptor);
    this.byteLength = this.#status.size;
  }

  /** An error about this file. */
  readonly refuse: Refuse = (what, { remedy = damagedRemedy, cause } = {}) =>
    new ModelError('weights', `${this.path} ${printableStart(what, messageLimit)}`, { remedy, cause });

  /** Ends the reading of the structure. Values can still be read. */
  close(): void {
    closeSync(this.#descriptor);
  }

  /**
   * A copy of `length` bytes from `start`. The caller has bounded `length`; a range beyond the end
   * of the file is refused before anything is allocated.
   */
  bytes(start: number, length: number): Uint8Array<ArrayBuffer> {
    if (!(start >= 0 && length >= 0 && start + length <= this.byteLength)) {
      throw this.refuse(`ends at byte ${this.byteLength}, but bytes ${start} to ${start + length} are needed`);
    }
    const bytes = new Uint8Array(length);
    this.#fill(this.#descriptor, bytes, start);
    return bytes;
  }

  *pieces(start: number, end: number): Generator<Uint8Array> {
    if (end <= start) return;
    const descriptor = openSync(this.path, 'r');
    try {
      const status = fstatSync(descriptor);
      const same = (['ino', 'size', 'mtimeMs'] as const).every((field) => status[field] === this.#status[field]);
      if (!same) throw this.refuse('has changed since its structure was read', { remedy: 'Read the file again.' });
      const buffer = new Uint8Array(Math.min(pieceBytes, end - start));
      for (let position = start; position < end; ) {
        const piece = buffer.subarray(0, Math.min(buffer.byteLength, end - position));
        this.#fill(descriptor, piece, position);
        yield piece;
        position += piece.byteLength;
      }
    } finally {
      closeSync(descriptor);
    }
  }

  #fill(descriptor: number, bytes: Uint8Array, position: number): void {
    if (fillSync(descriptor, bytes, position) < bytes.byteLength) throw this.refuse('became shorter while it was read');
  }
}
