// @ts-check
// The footer of a Parquet file uses Thrift's compact protocol
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md); its fields
// are those of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.

/** Types of Thrift's compact protocol. */
const [TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID] = [1, 2, 3, 7, 8, 9, 10, 11, 12, 13];
/** FileMetaData.row_groups, RowGroup.columns: the path to the column chunks. */
const PATH_TO_CHUNKS = [4, 1];
/** Fields of a column chunk: the positions and lengths of its offset index and its column index. */
const PAGE_INDEX_FIELDS = new Set([4, 5, 6, 7]);
const MAX_DEPTH = 64;

/**
 * The footer without any mention of page indexes. They only help to skip pages, and some writers
 * produce invalid ones; a file is complete without them.
 *
 * @param {Uint8Array} footer
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {RangeError} when the bytes are not a footer.
 */
export function withoutPageIndex(footer) {
  const input = new Thrift(footer);
  /** @type {Uint8Array[]} */
  const output = [];
  copyStruct(input, output, PATH_TO_CHUNKS, 0);
  return Uint8Array.from(Buffer.concat(output));
}

/**
 * Copies a struct. `path` has the fields that lead to the column chunks; if it is empty, this is a
 * column chunk; if it is undefined, this is something else.
 *
 * @param {Thrift} input @param {Uint8Array[]} output @param {readonly number[] | undefined}
 * path @param {number} depth
 */
function copyStruct(input, output, path, depth) {
  let [read, written] = [0, 0];
  for (;;) {
    const start = input.position;
    const head = input.byte();
    if (head === 0) {
      output.push(input.since(start));
      return;
    }
    const type = head & 0x0f;
    const id = head >> 4 === 0 ? input.zigzag() : read + (head >> 4);
    read = id;
    const value = input.position;
    if (path?.length === 0 && PAGE_INDEX_FIELDS.has(id)) {
      input.skip(type, depth);
      continue;
    }
    output.push(fieldHead(type, id, id - written));
    written = id;
    if (path?.[0] === id && type === LIST) copyList(input, output, path.slice(1), depth + 1);
    else {
      input.skip(type, depth);
      output.push(input.since(value));
    }
  }
}

/**
 * @param {Thrift} input
 * @param {Uint8Array[]} output
 * @param {readonly number[]} path
 * @param {number} depth
 */
function copyList(input, output, path, depth) {
  const start = input.position;
  const { type, count } = input.list();
  output.push(input.since(start));
  if (type !== STRUCT) throw new RangeError('its footer lists something else than columns');
  for (let index = 0; index < count; index += 1) copyStruct(input, output, path, depth);
}

/** @param {number} type @param {number} id @param {number} delta @returns {Uint8Array} */
function fieldHead(type, id, delta) {
  if (delta > 0 && delta < 16) return Uint8Array.of((delta << 4) | type);
  // Ids of the format are small: one or two bytes as a zigzag number.
  const zigzag = id * 2;
  return zigzag < 0x80 ? Uint8Array.of(type, zigzag) : Uint8Array.of(type, (zigzag & 0x7f) | 0x80, zigzag >> 7);
}

/** Reads bytes of Thrift's compact protocol. */
class Thrift {
  #bytes;
  position = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  byte() {
    const byte = this.#bytes[this.position];
    if (byte === undefined) throw new RangeError('its footer is cut off');
    this.position += 1;
    return byte;
  }

  varint() {
    let [value, factor] = [0, 1];
    for (let bytes = 0; bytes < 10; bytes += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new RangeError('a number in its footer does not end');
  }

  zigzag() {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The head of a list or set. */
  list() {
    const head = this.byte();
    const count = head >> 4 === 15 ? this.varint() : head >> 4;
    return { type: head & 0x0f, count };
  }

  /** The bytes from a position to here. @param {number} start */
  since(start) {
    return this.#bytes.subarray(start, this.position);
  }

  /** @param {number} bytes */
  #pass(bytes) {
    this.position += bytes;
    if (this.position > this.#bytes.length) throw new RangeError('its footer is cut off');
  }

  /**
   * Skips a value. In lists and maps, a boolean takes a byte of its own.
   * @param {number} type
   * @param {number} depth
   */
  skip(type, depth, inList = false) {
    if (depth > MAX_DEPTH) throw new RangeError('its footer is nested too deeply');
    if (type === TRUE || type === FALSE) this.#pass(inList ? 1 : 0);
    else if (type === BYTE) this.#pass(1);
    else if (type === DOUBLE) this.#pass(8);
    else if (type === UUID) this.#pass(16);
    else if (type === BINARY) this.#pass(this.varint());
    else if (type === LIST || type === SET) {
      const { type: element, count } = this.list();
      for (let index = 0; index < count; index += 1) this.skip(element, depth + 1, true);
    } else if (type === MAP) {
      const count = this.varint();
      const types = count === 0 ? 0 : this.byte();
      for (let index = 0; index < count; index += 1) {
        this.skip(types >> 4, depth + 1, true);
        this.skip(types & 0x0f, depth + 1, true);
      }
    } else if (type === STRUCT) {
      let read = this.byte();
      while (read !== 0) {
        if (read >> 4 === 0) this.zigzag();
        this.skip(read & 0x0f, depth + 1);
        read = this.byte();
      }
    } else if (type > STRUCT || type === 0) throw new RangeError(`its footer has a value of the unknown type ${type}`);
    else this.varint();
  }
}
