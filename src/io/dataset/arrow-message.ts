/**
 * Checks the metadata of Arrow IPC messages before apache-arrow decodes them. It trusts them: of damaged ones it may build
 * vectors of billions of elements, or give short columns without a word. Everything is checked against the bytes at hand:
 * positions, lengths of vectors, and the buffers of a batch against its body.
 *
 * Format: https://arrow.apache.org/docs/format/Columnar.html (Message.fbs, Schema.fbs), in FlatBuffers.
 */

/** What a message is, as far as reading needs it. */
export interface MessageFacts {
  readonly kind: 'schema' | 'dictionary' | 'batch' | 'other';
  /** Bytes of buffers that follow the metadata. */
  readonly bodyLength: number;
  /** Whether the buffers are compressed. */
  readonly compressed: boolean;
}

const KINDS: Readonly<Record<number, MessageFacts['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };
/** Arrow's number of the type union, which alone has a vector of its own. */
const UNION_TYPE = 14;
/** `slots` of the tables, in the order of the format's definition. */
const MESSAGE = { headerType: 1, header: 2, bodyLength: 3, metadata: 4 };
const SCHEMA = { fields: 1, metadata: 2, features: 3 };
const FIELD = { name: 0, kind: 2, type: 3, dictionary: 4, children: 5, metadata: 6 };
const BATCH = { length: 0, nodes: 1, buffers: 2, compression: 3, variadic: 4 };
const DICTIONARY_DATA = 1;
const FOOTER = { schema: 1, dictionaries: 2, batches: 3, metadata: 4 };
const PAIR_BYTES = 16;
const BLOCK_BYTES = 24;

/**
 * What the metadata of a message say.
 *
 * @param most the most bytes that can follow as a body.
 * @throws RangeError when they are not those of a whole message.
 */
export function checkMessage(metadata: Uint8Array, most: number): MessageFacts {
  const bytes = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const message = new Table(bytes, bytes.getUint32(0, true), { left: metadata.length });
  const kind = KINDS[message.number(MESSAGE.headerType, 1)] ?? 'other';
  const bodyLength = message.number(MESSAGE.bodyLength, 8);
  if (bodyLength < 0 || bodyLength > most) {
    throw new RangeError(`a message says that ${bodyLength} bytes follow, but there are ${most}`);
  }
  message.checkEntries(MESSAGE.metadata);
  const header = message.table(MESSAGE.header);
  if (header === undefined) throw new RangeError('a message has no header');
  if (kind === 'schema') checkSchema(header);
  const batch = kind === 'dictionary' ? header.table(DICTIONARY_DATA) : header;
  if (batch === undefined) throw new RangeError('a dictionary has no data');
  const compressed = kind === 'batch' || kind === 'dictionary' ? checkBatch(batch, bodyLength) : false;
  return { kind, bodyLength, compressed };
}

/** What the footer of a file says. */
export interface FooterFacts {
  /** Where the messages begin: dictionaries first, then record batches. */
  readonly positions: readonly number[];
  /** The footer of a file with the same schema and no messages. */
  readonly empty: Uint8Array;
}

/**
 * What the footer of a file says.
 *
 * @param end where the messages end.
 * @throws RangeError when the bytes are not those of a whole footer.
 */
export function checkFooter(footer: Uint8Array, end: number): FooterFacts {
  const bytes = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  const table = new Table(bytes, bytes.getUint32(0, true), { left: footer.length });
  const schema = table.table(FOOTER.schema);
  if (schema === undefined) throw new RangeError('its footer has no schema');
  checkSchema(schema);
  table.checkEntries(FOOTER.metadata);
  const blocks = [...table.pairs(FOOTER.dictionaries, BLOCK_BYTES), ...table.pairs(FOOTER.batches, BLOCK_BYTES)];
  const positions = blocks.map(([position]) => {
    if (position < 0 || position > end) throw new RangeError(`its footer places a batch at byte ${position} of ${end}`);
    return position;
  });
  const empty = Uint8Array.from(footer);
  for (const slot of [FOOTER.dictionaries, FOOTER.batches]) {
    const { start, count } = table.vector(slot, BLOCK_BYTES);
    if (count > 0) new DataView(empty.buffer).setUint32(start - 4, 0, true);
  }
  return { positions, empty };
}

function checkSchema(schema: Table): void {
  schema.checkEntries(SCHEMA.metadata);
  schema.vector(SCHEMA.features, 8);
  for (const field of schema.tables(SCHEMA.fields)) checkField(field);
}

function checkField(field: Table): void {
  field.vector(FIELD.name, 1);
  field.checkEntries(FIELD.metadata);
  const type = field.table(FIELD.type);
  if (field.number(FIELD.kind, 1) === UNION_TYPE) type?.vector(1, 4);
  field.table(FIELD.dictionary);
  for (const child of field.tables(FIELD.children)) checkField(child);
}

/** Returns whether the batch is compressed. */
function checkBatch(batch: Table, bodyLength: number): boolean {
  const length = batch.number(BATCH.length, 8);
  if (length < 0) throw new RangeError(`a batch says to have ${length} rows`);
  for (const [rows, nulls] of batch.pairs(BATCH.nodes)) {
    if (rows < 0 || nulls < 0 || nulls > rows) throw new RangeError(`a column has ${nulls} nulls in ${rows} rows`);
  }
  for (const [offset, size] of batch.pairs(BATCH.buffers)) {
    if (offset < 0 || size < 0 || offset + size > bodyLength) {
      throw new RangeError(`a buffer of ${size} bytes at ${offset} exceeds its batch of ${bodyLength}`);
    }
  }
  batch.vector(BATCH.variadic, 8);
  return batch.table(BATCH.compression) !== undefined;
}

/** A table of FlatBuffers; every access is checked against the bytes. */
class Table {
  readonly #bytes: DataView;
  readonly #position: number;
  /** Tables that may still be visited: damaged ones can refer to each other without end. */
  readonly #visits: { left: number };

  constructor(bytes: DataView, position: number, visits: { left: number }) {
    visits.left -= 1;
    if (visits.left < 0) throw new RangeError('its metadata refer to themselves');
    this.#bytes = bytes;
    this.#position = position;
    this.#visits = visits;
  }

  /** A field's value, 0 when it is left out. */
  number(slot: number, size: 1 | 8): number {
    const at = this.#field(slot);
    if (at === undefined) return 0;
    return size === 1 ? this.#bytes.getUint8(at) : Number(this.#bytes.getBigInt64(at, true));
  }

  table(slot: number): Table | undefined {
    const at = this.#field(slot);
    return at === undefined ? undefined : new Table(this.#bytes, this.#target(at), this.#visits);
  }

  /** Where the elements of a vector begin and how many there are. */
  vector(slot: number, elementBytes: number): { readonly start: number; readonly count: number } {
    const at = this.#field(slot);
    if (at === undefined) return { start: 0, count: 0 };
    const position = this.#target(at);
    const count = this.#bytes.getUint32(position, true);
    const start = position + 4;
    if (start + count * elementBytes > this.#bytes.byteLength) {
      throw new RangeError(`its metadata list ${count} elements in ${this.#bytes.byteLength} bytes`);
    }
    return { start, count };
  }

  /** The tables of a vector. */
  *tables(slot: number): Generator<Table> {
    const { start, count } = this.vector(slot, 4);
    for (let index = 0; index < count; index += 1) {
      yield new Table(this.#bytes, this.#target(start + 4 * index), this.#visits);
    }
  }

  /** The first two 64-bit integers of each struct of a vector. */
  *pairs(slot: number, size = PAIR_BYTES): Generator<readonly [number, number]> {
    const { start, count } = this.vector(slot, size);
    for (let index = 0; index < count; index += 1) {
      const at = start + size * index;
      yield [Number(this.#bytes.getBigInt64(at, true)), Number(this.#bytes.getBigInt64(at + 8, true))];
    }
  }

  /** Checks a vector of keys and values. */
  checkEntries(slot: number): void {
    for (const entry of this.tables(slot)) {
      entry.vector(0, 1);
      entry.vector(1, 1);
    }
  }

  #target(at: number): number {
    return at + this.#bytes.getUint32(at, true);
  }

  #field(slot: number): number | undefined {
    const directory = this.#position - this.#bytes.getInt32(this.#position, true);
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#bytes.getUint16(directory, true)) return undefined;
    const offset = this.#bytes.getUint16(directory + entry, true);
    return offset === 0 ? undefined : this.#position + offset;
  }
}
