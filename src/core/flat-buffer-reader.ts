/**
 * A table in a FlatBuffer (https://flatbuffers.dev, the binary form of Arrow's metadata). The bytes
 * are not trusted: anything that points outside them, or is longer than they are, throws a
 * RangeError, and so do tables that share others so often that visiting them would never end.
 */
export class FlatTable {
  readonly #bytes: Buffer;
  readonly #position: number;
  /** How many more table visits are allowed. */
  readonly #visits: { left: number };

  private constructor(bytes: Buffer, position: number, visits: { left: number }) {
    visits.left -= 1;
    if (visits.left < 0) throw new RangeError('its metadata refer to the same tables too often');
    this.#bytes = bytes;
    this.#position = position;
    this.#visits = visits;
  }

  /** The root table of a buffer. */
  static root(bytes: Uint8Array): FlatTable {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Every table takes some bytes of its own.
    return new FlatTable(whole, whole.readUInt32LE(0), { left: whole.length });
  }

  /**
   * A 1-byte number without a sign, or a 2- or 4-byte number with one; 0 if the slot is not set.
   */
  number(slot: number, bytes: 1 | 2 | 4): number {
    const place = this.#place(slot);
    if (place === undefined) return 0;
    return bytes === 1 ? this.#bytes.readUInt8(place) : this.#bytes.readIntLE(place, bytes);
  }

  /** An 8-byte number; 0 if the slot is not set. */
  long(slot: number): number {
    const place = this.#place(slot);
    return place === undefined ? 0 : this.#long(place);
  }

  /** A text; empty if the slot is not set. */
  text(slot: number): string {
    const { start, count } = this.vector(slot, 1);
    return this.#bytes.toString('utf8', start, start + count);
  }

  /** A table. */
  table(slot: number): FlatTable | undefined {
    const place = this.#place(slot);
    return place === undefined ? undefined : this.#tableAt(place);
  }

  /** A vector of tables; empty if the slot is not set. */
  tables(slot: number): FlatTable[] {
    const { start, count } = this.vector(slot, 4);
    return Array.from({ length: count }, (_, index) => this.#tableAt(start + 4 * index));
  }

  /**
   * The first `width` 64-bit integers of each struct of a vector, one after another; empty if the
   * slot is not set.
   */
  integers(slot: number, width: number, structBytes = 8 * width): Float64Array {
    const { start, count } = this.vector(slot, structBytes);
    const values = new Float64Array(count * width);
    for (let index = 0; index < count; index += 1) {
      const place = start + structBytes * index;
      for (let at = 0; at < width; at += 1) values[index * width + at] = this.#long(place + 8 * at);
    }
    return values;
  }

  /** Where the elements of a vector begin, and how many there are: none if the slot is not set. */
  vector(slot: number, elementBytes: number): { readonly start: number; readonly count: number } {
    const place = this.#place(slot);
    if (place === undefined) return { start: 0, count: 0 };
    const position = this.#target(place);
    const count = this.#bytes.readUInt32LE(position);
    const start = position + 4;
    if (count * elementBytes > this.#bytes.length - start) {
      throw new RangeError(`its metadata list ${count} elements in ${this.#bytes.length} bytes`);
    }
    return { start, count };
  }

  #tableAt(place: number): FlatTable {
    return new FlatTable(this.#bytes, this.#target(place), this.#visits);
  }

  #target(place: number): number {
    return place + this.#bytes.readUInt32LE(place);
  }

  #place(slot: number): number | undefined {
    const directory = this.#position - this.#bytes.readInt32LE(this.#position);
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#bytes.readUInt16LE(directory)) return undefined;
    const place = this.#bytes.readUInt16LE(directory + entry);
    return place === 0 ? undefined : this.#position + place;
  }

  #long(place: number): number {
    const value = this.#bytes.readUInt32LE(place) + this.#bytes.readInt32LE(place + 4) * 2 ** 32;
    if (!Number.isSafeInteger(value)) throw new RangeError('a number in its metadata is out of range');
    return value;
  }
}
