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
  /** Of a record batch or a dictionary. */
  readonly batch: BatchFacts | undefined;
  /** Of a dictionary: its id, and whether its values are added to those that came before. */
  readonly dictionary: { readonly id: number; readonly isDelta: boolean } | undefined;
}

/** What a record batch says of its columns, in the order of the schema, each before those inside it. */
export interface BatchFacts {
  readonly rows: number;
  /** Of the format: 4 is version 5. */
  readonly version: number;
  readonly nodes: readonly { readonly length: number; readonly nullCount: number }[];
  readonly buffers: readonly BufferFacts[];
  /** For each column of views the number of buffers that it points into. */
  readonly variadicCounts: readonly number[];
  /** How its buffers are packed. */
  readonly codec: Codec | undefined;
}

/** Where a buffer is in the body of its batch. */
export interface BufferFacts {
  readonly offset: number;
  readonly length: number;
}

/** What the buffers of a batch can be packed with: LZ4 frames or Zstandard. */
export type Codec = 'lz4' | 'zstd';

/** A file that may be whole, but has something that is not read. */
export class UnsupportedTable extends Error {}

const KINDS: Readonly<Record<number, MessageFacts['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };
/** Arrow's number of the type union, which alone has a vector of its own. */
const UNION_TYPE = 14;
/** Numbers of types that apache-arrow does not know. */
const UNKNOWN_TYPES: Readonly<Record<number, string>> = { 22: 'run-end encoded', 25: 'a list view', 26: 'a list view' };
/** Of a record batch: what other languages can count. Columns of nulls have any number of rows in no bytes. */
const MOST_ROWS = 2 ** 31 - 1;
const CODECS: Readonly<Record<number, Codec>> = { 0: 'lz4', 1: 'zstd' };
/** `slots` of the tables, in the order of the format's definition. */
const MESSAGE = { version: 0, headerType: 1, header: 2, bodyLength: 3, metadata: 4 };
const SCHEMA = { endianness: 0, fields: 1, metadata: 2, features: 3 };
const FIELD = { name: 0, kind: 2, type: 3, dictionary: 4, children: 5, metadata: 6 };
const BATCH = { length: 0, nodes: 1, buffers: 2, compression: 3, variadic: 4 };
const DICTIONARY = { id: 0, data: 1, isDelta: 2 };
const COMPRESSION = { codec: 0 };
const FOOTER = { schema: 1, dictionaries: 2, batches: 3, metadata: 4 };
const PAIR_BYTES = 16;
const BLOCK_BYTES = 24;

/**
 * What the metadata of a message say.
 *
 * @param most the most bytes that can follow as a body.
 * @throws RangeError when they are not those of a whole message; UnsupportedTable when they tell of what is not read.
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
  const data = kind === 'dictionary' ? header.table(DICTIONARY.data) : header;
  if (data === undefined) throw new RangeError('a dictionary has no data');
  const version = message.number(MESSAGE.version, 2);
  const batch = kind === 'batch' || kind === 'dictionary' ? batchFacts(data, bodyLength, version) : undefined;
  const dictionary =
    kind === 'dictionary'
      ? { id: header.number(DICTIONARY.id, 8), isDelta: header.number(DICTIONARY.isDelta, 1) !== 0 }
      : undefined;
  return { kind, bodyLength, batch, dictionary };
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
 * @throws RangeError when the bytes are not those of a whole footer; UnsupportedTable when its schema has what is not read.
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
  if (schema.number(SCHEMA.endianness, 2) !== 0) throw new UnsupportedTable('its numbers are big-endian');
  schema.checkEntries(SCHEMA.metadata);
  schema.vector(SCHEMA.features, 8);
  for (const field of schema.tables(SCHEMA.fields)) checkField(field);
}

function checkField(field: Table): void {
  field.vector(FIELD.name, 1);
  field.checkEntries(FIELD.metadata);
  const type = field.table(FIELD.type);
  const unknown = UNKNOWN_TYPES[field.number(FIELD.kind, 1)];
  if (unknown !== undefined) throw new UnsupportedTable(`its column '${field.text(FIELD.name)}' is ${unknown}`);
  if (field.number(FIELD.kind, 1) === UNION_TYPE) type?.vector(1, 4);
  field.table(FIELD.dictionary);
  for (const child of field.tables(FIELD.children)) checkField(child);
}

function batchFacts(batch: Table, bodyLength: number, version: number): BatchFacts {
  const rows = batch.number(BATCH.length, 8);
  if (rows < 0 || rows > MOST_ROWS) throw new RangeError(`a batch says to have ${rows} rows`);
  const nodes = [...batch.pairs(BATCH.nodes)].map(([length, nullCount]) => {
    if (length < 0 || nullCount < 0 || nullCount > length) {
      throw new RangeError(`a column has ${nullCount} nulls in ${length} rows`);
    }
    return { length, nullCount };
  });
  const buffers = [...batch.pairs(BATCH.buffers)].map(([offset, length]) => {
    if (offset < 0 || length < 0 || offset + length > bodyLength) {
      throw new RangeError(`a buffer of ${length} bytes at ${offset} exceeds its batch of ${bodyLength}`);
    }
    return { offset, length };
  });
  const variadicCounts = batch.longs(BATCH.variadic);
  const most = variadicCounts.reduce((sum, count) => sum + count, 0);
  if (variadicCounts.some((count) => count < 0) || most > buffers.length) {
    throw new RangeError(`a batch of ${buffers.length} buffers says that ${most} of them hold texts`);
  }
  const compression = batch.table(BATCH.compression);
  if (compression === undefined) return { rows, version, nodes, buffers, variadicCounts, codec: undefined };
  const number = compression.number(COMPRESSION.codec, 1);
  const codec = CODECS[number];
  if (codec === undefined) throw new UnsupportedTable(`its buffers are packed in a way (${number}) that is not known`);
  return { rows, version, nodes, buffers, variadicCounts, codec };
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
  number(slot: number, size: 1 | 2 | 8): number {
    const at = this.#field(slot);
    if (at === undefined) return 0;
    if (size === 1) return this.#bytes.getUint8(at);
    return size === 2 ? this.#bytes.getInt16(at, true) : Number(this.#bytes.getBigInt64(at, true));
  }

  /** A text, empty when it is left out. */
  text(slot: number): string {
    const { start, count } = this.vector(slot, 1);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, count).toString('utf8');
  }

  /** The 64-bit integers of a vector. */
  longs(slot: number): number[] {
    const { start, count } = this.vector(slot, 8);
    return Array.from({ length: count }, (_, index) => Number(this.#bytes.getBigInt64(start + 8 * index, true)));
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
