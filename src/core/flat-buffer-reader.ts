/** Schemas have some columns and entries; an object is made for each. */
const MOST_TABLES = 2 ** 16;

/**
 * A table in a FlatBuffer (https://flatbuffers.dev, the binary form of Arrow's metadata). The bytes are not trusted: whatever
 * points outside them, or is longer than they are, throws a RangeError; nothing is allocated that is larger than they are.
 */
export class FlatTable {
  readonly #bytes: Buffer;
  readonly #position: number;
  readonly #directory: number;
  readonly #directoryBytes: number;

  private constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.#position = position;
    this.#directory = position - bytes.readInt32LE(position);
    this.#directoryBytes = bytes.readUInt16LE(this.#directory);
  }

  /** The root table of a buffer. */
  static root(bytes: Buffer): FlatTable {
    return new FlatTable(bytes, bytes.readUInt32LE(0));
  }

  /** A 1-, 2- or 4-byte number; 0 where the slot is not set. */
  number(slot: number, bytes: 1 | 2 | 4): number {
    const place = this.#place(slot);
    return place === undefined ? 0 : this.#bytes.readIntLE(place, bytes);
  }

  /** An 8-byte number; 0 where the slot is not set. */
  long(slot: number): number {
    const place = this.#place(slot);
    return place === undefined ? 0 : readLong(this.#bytes, place);
  }

  /** A text; empty where the slot is not set. */
  text(slot: number): string {
    const place = this.#referred(slot);
    if (place === undefined) return '';
    const start = place + 4;
    const length = this.#bytes.readUInt32LE(place);
    if (length > this.#bytes.length - start) throw new RangeError('a text in its metadata is cut off');
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** A table. */
  table(slot: number): FlatTable | undefined {
    const place = this.#referred(slot);
    return place === undefined ? undefined : new FlatTable(this.#bytes, place);
  }

  /** A vector of tables; empty where the slot is not set. */
  tables(slot: number): FlatTable[] {
    const place = this.#referred(slot);
    if (place === undefined) return [];
    const count = this.#count(place, 4);
    if (count > MOST_TABLES) throw new RangeError(`its metadata list ${count} entries`);
    return Array.from({ length: count }, (_, index) => {
      const entry = place + 4 + 4 * index;
      return new FlatTable(this.#bytes, entry + this.#bytes.readUInt32LE(entry));
    });
  }

  /** A vector of structs of `width` 64-bit integers, one after another; empty where the slot is not set. */
  integers(slot: number, width: number): Float64Array {
    const place = this.#referred(slot);
    if (place === undefined) return new Float64Array(0);
    const count = this.#count(place, 8 * width);
    const values = new Float64Array(count * width);
    for (let index = 0; index < values.length; index += 1) {
      values[index] = readLong(this.#bytes, place + 4 + 8 * index);
    }
    return values;
  }

  #count(place: number, bytes: number): number {
    const count = this.#bytes.readUInt32LE(place);
    if (count * bytes > this.#bytes.length - place - 4) throw new RangeError('a list in its metadata is cut off');
    return count;
  }

  #referred(slot: number): number | undefined {
    const place = this.#place(slot);
    return place === undefined ? undefined : place + this.#bytes.readUInt32LE(place);
  }

  #place(slot: number): number | undefined {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#directoryBytes) return undefined;
    const place = this.#bytes.readUInt16LE(this.#directory + entry);
    return place === 0 ? undefined : this.#position + place;
  }
}

function readLong(bytes: Buffer, position: number): number {
  const value = bytes.readUInt32LE(position) + bytes.readInt32LE(position + 4) * 2 ** 32;
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('a number in its metadata is out of range');
  return value;
}
