import type { Refuse } from './source-file.ts';

const windowBytes = 1 << 16;

/** Bytes that can be read at any position. */
export interface RandomBytes {
  readonly byteLength: number;
  /** A copy of `length` bytes from `start`; the range must be inside. */
  bytes(start: number, length: number): Uint8Array;
}

/**
 * Reads bytes one after another through a window of 64 KiB, at most `limit` of them. Every length
 * is checked against the bytes left.
 */
export class ByteCursor {
  readonly #source: RandomBytes;
  readonly #refuse: Refuse;
  readonly #end: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  constructor(
    source: RandomBytes,
    public position: number,
    limit: number,
    refuse: Refuse,
  ) {
    this.#source = source;
    this.#refuse = refuse;
    this.#end = Math.min(source.byteLength, position + limit);
  }

  byte(): number {
    let index = this.position - this.#windowStart;
    if (index < 0 || index >= this.#window.byteLength) {
      this.#require(1);
      this.#window = this.#source.bytes(this.position, Math.min(windowBytes, this.#end - this.position));
      this.#windowStart = this.position;
      index = 0;
    }
    this.position++;
    return this.#window[index] as number;
  }

  /** An unsigned little-endian integer of 1 to 8 bytes. */
  unsigned(bytes: number): number {
    let value = 0;
    for (let index = 0; index < bytes; index++) value += this.byte() * 2 ** (8 * index);
    if (!Number.isSafeInteger(value)) throw this.#refuse(`claims a length or position of ${value}`);
    return value;
  }

  /** The next `length` bytes, copied. */
  take(length: number): Uint8Array {
    this.#require(length);
    const index = this.position - this.#windowStart;
    const inside = index >= 0 && index + length <= this.#window.byteLength;
    const bytes = inside ? this.#window.slice(index, index + length) : this.#source.bytes(this.position, length);
    this.position += length;
    return bytes;
  }

  #require(length: number): void {
    if (length > this.#end - this.position) {
      throw this.#refuse(
        `claims ${length} bytes at byte ${this.position}, where ${this.#end - this.position} are left`,
      );
    }
  }
}
