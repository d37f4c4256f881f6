/** A number in a table's slot, of 1, 2, 4 or 8 bytes. */
export interface FlatNumber {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly value: number;
}

/** A table: its slots by number; undefined leaves a slot at its default. */
export interface FlatTableNode {
  readonly slots: readonly (FlatNumber | FlatNode | undefined)[];
}

/** What a slot can refer to: a text, a table, a vector of tables, or a vector of structs of `width` 64-bit integers. */
export type FlatNode =
  | FlatTableNode
  | { readonly text: string }
  | { readonly tables: readonly FlatTableNode[] }
  | { readonly integers: ArrayLike<number>; readonly width: number };

/** A 1-byte number. */
export const byte = (value: number): FlatNumber => ({ bytes: 1, value });
/** A 2-byte number. */
export const short = (value: number): FlatNumber => ({ bytes: 2, value });
/** A 4-byte number. */
export const integer = (value: number): FlatNumber => ({ bytes: 4, value });
/** An 8-byte number, a safe integer of at least 0. */
export const long = (value: number): FlatNumber => ({ bytes: 8, value });

/**
 * A FlatBuffer (https://flatbuffers.dev, the binary form of Arrow's metadata) with the given root table. Every node stands
 * after the one that refers to it, so that it is written in one pass; readers of the format do not care for the order.
 */
export function encodeFlatBuffer(root: FlatTableNode): Buffer {
  const output = new Output();
  output.reserve(4, 4);
  output.integer(0, putTable(output, root));
  return output.finish();
}

/** Bytes that grow at their end; positions are from the beginning. */
class Output {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  /** Space of `size` zeros, whose position plus `lead` is a multiple of `alignment`. */
  reserve(size: number, alignment: number, lead = 0): number {
    const position = Math.ceil((this.#length + lead) / alignment) * alignment - lead;
    this.#length = position + size;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#length, 2 * this.#bytes.length));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    return position;
  }

  integer(position: number, value: number): void {
    this.#bytes.writeUInt32LE(value, position);
  }

  number(position: number, { bytes, value }: FlatNumber): void {
    if (bytes < 8) this.#bytes.writeUIntLE(value, position, bytes);
    else this.long(position, value);
  }

  long(position: number, value: number): void {
    this.#bytes.writeUInt32LE(value % 2 ** 32, position);
    this.#bytes.writeUInt32LE(Math.floor(value / 2 ** 32), position + 4);
  }

  text(position: number, text: string): void {
    this.#bytes.write(text, position, 'utf8');
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

function putTable(output: Output, { slots }: FlatTableNode): number {
  let size = 4;
  const places = slots.map((slot) => {
    if (slot === undefined) return 0;
    const width = 'bytes' in slot ? slot.bytes : 4;
    const place = Math.ceil(size / width) * width;
    size = place + width;
    return place;
  });
  const directory = output.reserve(4 + 2 * slots.length, 2);
  const table = output.reserve(size, 8);
  output.number(directory, short(4 + 2 * slots.length));
  output.number(directory + 2, short(size));
  output.integer(table, table - directory);
  for (const [index, slot] of slots.entries()) {
    const place = places[index] as number;
    output.number(directory + 4 + 2 * index, short(place));
    if (slot === undefined) continue;
    if ('bytes' in slot) output.number(table + place, slot);
    else output.integer(table + place, putNode(output, slot) - (table + place));
  }
  return table;
}

function putNode(output: Output, node: FlatNode): number {
  if ('slots' in node) return putTable(output, node);
  if ('text' in node) {
    const length = Buffer.byteLength(node.text, 'utf8');
    const position = output.reserve(4 + length + 1, 4);
    output.integer(position, length);
    output.text(position + 4, node.text);
    return position;
  }
  if ('tables' in node) {
    const position = output.reserve(4 + 4 * node.tables.length, 4);
    output.integer(position, node.tables.length);
    for (const [index, table] of node.tables.entries()) {
      const place = position + 4 + 4 * index;
      output.integer(place, putTable(output, table) - place);
    }
    return position;
  }
  const { integers, width } = node;
  const position = output.reserve(4 + 8 * integers.length, 8, 4);
  output.integer(position, integers.length / width);
  for (let index = 0; index < integers.length; index += 1) {
    output.long(position + 4 + 8 * index, integers[index] as number);
  }
  return position;
}
