/**
 * Checks the metadata of Arrow IPC messages before apache-arrow decodes them. It trusts them: from
 * damaged ones it may build vectors of billions of elements, or silently return short columns.
 * Everything is checked against the bytes at hand: positions, lengths of vectors, and the buffers
 * of a batch against its body.
 *
 * Format: https://arrow.apache.org/docs/format/Columnar.html (Message.fbs, Schema.fbs), in
 * FlatBuffers.
 */

import { FlatTable } from '../../core/flat-buffer-reader.ts';

/** What reading needs to know about a message. */
export interface MessageFacts {
  readonly kind: 'schema' | 'dictionary' | 'batch' | 'other';
  /** Bytes of buffers that follow the metadata. */
  readonly bodyLength: number;
  /** For a record batch or a dictionary. */
  readonly batch: BatchFacts | undefined;
  /** For a dictionary: its id, and whether its values are appended to earlier ones. */
  readonly dictionary: { readonly id: number; readonly isDelta: boolean } | undefined;
}

/**
 * What a record batch says about its columns, in the order of the schema, each before its nested
 * columns.
 */
export interface BatchFacts {
  readonly rows: number;
  /** Version of the format: 4 means version 5. */
  readonly version: number;
  readonly nodes: readonly { readonly length: number; readonly nullCount: number }[];
  readonly buffers: readonly BufferFacts[];
  /** For each column of views, the number of buffers that it points into. */
  readonly variadicCounts: readonly number[];
  /** How its buffers are packed. */
  readonly codec: Codec | undefined;
}

/** Where a buffer is in the body of its batch. */
export interface BufferFacts {
  readonly offset: number;
  readonly length: number;
}

/** How the buffers of a batch can be packed: LZ4 frames or Zstandard. */
export type Codec = 'lz4' | 'zstd';

/** Thrown for a file that may be undamaged but has unsupported content. */
export class UnsupportedTable extends Error {}

const KINDS: Readonly<Record<number, MessageFacts['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };
/** Arrow's number of the type union, the only type with a vector of its own. */
const UNION_TYPE = 14;
/** Numbers of types that apache-arrow does not know. */
const UNKNOWN_TYPES: Readonly<Record<number, string>> = { 22: 'run-end encoded', 25: 'a list view', 26: 'a list view' };
/**
 * Maximum rows of a record batch: what other languages can count. Columns of nulls can have any
 * number of rows in zero bytes.
 */
const MAX_ROWS = 2 ** 31 - 1;
const CODECS: Readonly<Record<number, Codec>> = { 0: 'lz4', 1: 'zstd' };
/** Slots of the tables, in the order of the format's definition. */
const MESSAGE = { version: 0, headerType: 1, header: 2, bodyLength: 3, metadata: 4 };
const SCHEMA = { endianness: 0, fields: 1, metadata: 2, features: 3 };
const FIELD = { name: 0, kind: 2, type: 3, dictionary: 4, children: 5, metadata: 6 };
const BATCH = { length: 0, nodes: 1, buffers: 2, compression: 3, variadic: 4 };
const DICTIONARY = { id: 0, data: 1, isDelta: 2 };
const COMPRESSION = { codec: 0 };
const FOOTER = { schema: 1, dictionaries: 2, batches: 3, metadata: 4 };
/**
 * A position (8 bytes), the length of the metadata (4 bytes and padding), and the length of the
 * body.
 */
const BLOCK_BYTES = 24;

/**
 * Parses and checks the metadata of a message.
 *
 * @param most the maximum bytes that can follow as a body.
 * @throws RangeError when they are not those of a whole message; UnsupportedTable when they
 * describe unsupported content.
 */
export function checkMessage(metadata: Uint8Array, most: number): MessageFacts {
  const message = FlatTable.root(metadata);
  const kind = KINDS[message.number(MESSAGE.headerType, 1)] ?? 'other';
  const bodyLength = message.long(MESSAGE.bodyLength);
  if (bodyLength < 0 || bodyLength > most) {
    throw new RangeError(`a message says that ${bodyLength} bytes follow, but there are ${most}`);
  }
  checkEntries(message, MESSAGE.metadata);
  const header = message.table(MESSAGE.header);
  if (header === undefined) throw new RangeError('a message has no header');
  if (kind === 'schema') checkSchema(header);
  const data = kind === 'dictionary' ? header.table(DICTIONARY.data) : header;
  if (data === undefined) throw new RangeError('a dictionary has no data');
  const version = message.number(MESSAGE.version, 2);
  const batch = kind === 'batch' || kind === 'dictionary' ? batchFacts(data, bodyLength, version) : undefined;
  const dictionary =
    kind === 'dictionary'
      ? { id: header.long(DICTIONARY.id), isDelta: header.number(DICTIONARY.isDelta, 1) !== 0 }
      : undefined;
  return { kind, bodyLength, batch, dictionary };
}

/** The content of a file's footer. */
export interface FooterFacts {
  /** Where the messages start: dictionaries first, then record batches. */
  readonly positions: readonly number[];
  /** The footer of a file with the same schema and no messages. */
  readonly empty: Uint8Array;
}

/**
 * Parses and checks the footer of a file.
 *
 * @param end where the messages end.
 * @throws RangeError when the bytes are not a whole footer; UnsupportedTable when its schema has
 * unsupported content.
 */
export function checkFooter(footer: Uint8Array, end: number): FooterFacts {
  const table = FlatTable.root(footer);
  const schema = table.table(FOOTER.schema);
  if (schema === undefined) throw new RangeError('its footer has no schema');
  checkSchema(schema);
  checkEntries(table, FOOTER.metadata);
  const positions = [FOOTER.dictionaries, FOOTER.batches].flatMap((slot) => [...table.integers(slot, 1, BLOCK_BYTES)]);
  for (const position of positions) {
    if (position < 0 || position > end) throw new RangeError(`its footer places a batch at byte ${position} of ${end}`);
  }
  const empty = Uint8Array.from(footer);
  for (const slot of [FOOTER.dictionaries, FOOTER.batches]) {
    const { start, count } = table.vector(slot, BLOCK_BYTES);
    if (count > 0) new DataView(empty.buffer).setUint32(start - 4, 0, true);
  }
  return { positions, empty };
}

function checkSchema(schema: FlatTable): void {
  if (schema.number(SCHEMA.endianness, 2) !== 0) throw new UnsupportedTable('its numbers are big-endian');
  checkEntries(schema, SCHEMA.metadata);
  schema.vector(SCHEMA.features, 8);
  for (const field of schema.tables(SCHEMA.fields)) checkField(field);
}

function checkField(field: FlatTable): void {
  field.vector(FIELD.name, 1);
  checkEntries(field, FIELD.metadata);
  const type = field.table(FIELD.type);
  const unknown = UNKNOWN_TYPES[field.number(FIELD.kind, 1)];
  if (unknown !== undefined) throw new UnsupportedTable(`its column '${field.text(FIELD.name)}' is ${unknown}`);
  if (field.number(FIELD.kind, 1) === UNION_TYPE) type?.vector(1, 4);
  field.table(FIELD.dictionary);
  for (const child of field.tables(FIELD.children)) checkField(child);
}

function batchFacts(batch: FlatTable, bodyLength: number, version: number): BatchFacts {
  const rows = batch.long(BATCH.length);
  if (rows < 0 || rows > MAX_ROWS) throw new RangeError(`a batch says to have ${rows} rows`);
  const nodes = pairs(batch, BATCH.nodes).map(([length, nullCount]) => {
    if (length < 0 || nullCount < 0 || nullCount > length) {
      throw new RangeError(`a column has ${nullCount} nulls in ${length} rows`);
    }
    return { length, nullCount };
  });
  const buffers = pairs(batch, BATCH.buffers).map(([offset, length]) => {
    if (offset < 0 || length < 0 || offset + length > bodyLength) {
      throw new RangeError(`a buffer of ${length} bytes at ${offset} exceeds its batch of ${bodyLength}`);
    }
    return { offset, length };
  });
  const variadicCounts = [...batch.integers(BATCH.variadic, 1)];
  const most = variadicCounts.reduce((sum, count) => sum + count, 0);
  if (variadicCounts.some((count) => count < 0) || most > buffers.length) {
    throw new RangeError(`a batch of ${buffers.length} buffers says that ${most} of them hold texts`);
  }
  const compression = batch.table(BATCH.compression);
  if (compression === undefined) return { rows, version, nodes, buffers, variadicCounts, codec: undefined };
  const number = compression.number(COMPRESSION.codec, 1);
  const codec = CODECS[number];
  if (codec === undefined) throw new UnsupportedTable(`its buffers are compressed in an unknown way (${number})`);
  return { rows, version, nodes, buffers, variadicCounts, codec };
}

/** Checks a vector of keys and values. */
function checkEntries(table: FlatTable, slot: number): void {
  for (const entry of table.tables(slot)) {
    entry.vector(0, 1);
    entry.vector(1, 1);
  }
}

/** The structs of a vector, of two 64-bit integers each. */
function pairs(table: FlatTable, slot: number): (readonly [number, number])[] {
  const numbers = table.integers(slot, 2);
  return Array.from({ length: numbers.length / 2 }, (_, index) => [
    numbers[2 * index] as number,
    numbers[2 * index + 1] as number,
  ]);
}
