import { type FileHandle, open } from 'node:fs/promises';
import { DataType, type Field, type RecordBatch, RecordBatchReader, Schema, Vector } from 'apache-arrow';
import { UsageError } from '../../core/errors.ts';
import { type ArrowBody, packedBody, plainBody } from './arrow-body.ts';
import { type ColumnPlan, columnBytes, loadColumn, planColumns } from './arrow-columns.ts';
import { type BatchFacts, checkFooter, checkMessage, type MessageFacts, UnsupportedTable } from './arrow-message.ts';
import { recordBatch } from './batch-columns.ts';
import { damagedTable, reasonOf, unreadableTable } from './table-error.ts';
import { readAt, type TableFile } from './table-files.ts';
import type { TablePart } from './table-part.ts';

const CONTINUATION = 0xffffffff;
const PREFIX_BYTES = 8;
/** Before Arrow 0.15 a message started with the length of its metadata. */
const OLD_PREFIX_BYTES = 4;
/** The magic at the start of a file, padded. */
const FILE_START = Buffer.from('ARROW1\0\0');
/** Length of the footer and the magic. */
const TAIL_BYTES = 10;
/**
 * Maximum unpacked size of one batch's buffers: this many bytes, or this many times the length of
 * the file.
 */
const [UNPACKED_BYTES, UNPACKED_SHARE] = [512 * 1024 * 1024, 64];

/** A message whose metadata are in memory, and the place of its body. */
interface FoundMessage extends MessageFacts {
  readonly metadata: Uint8Array;
  readonly bodyPosition: number;
}

/** A file or stream: its schema, and its dictionaries and record batches in order. */
interface Messages {
  readonly schema: Schema;
  all(): AsyncGenerator<FoundMessage>;
}

interface ReadOptions {
  readonly columns: readonly string[] | undefined;
  readonly batchBytes: number;
}

/**
 * Opens an Arrow IPC file or stream. Reads only the schema; `batches` then reads the wanted columns
 * of one record batch after another, in slices of about `batchBytes`, whatever the size of the
 * batch. The wanted columns of packed batches (LZ4, ZSTD) are unpacked as a whole.
 *
 * @throws UsageError `dataset` when it is damaged, cut off (a stream must end with its end marker),
 * or has unsupported content.
 */
export async function openArrow(file: TableFile, options: ReadOptions): Promise<TablePart> {
  const handle = await open(file.path, 'r');
  try {
    const messages = file.format === 'arrow-file' ? await openFile(handle, file) : await openStream(handle, file);
    return {
      path: file.path,
      schema: messages.schema,
      batches: () => slices(handle, file, messages, options),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The rows, some at a time, with the wanted columns. */
async function* slices(
  handle: FileHandle,
  file: TableFile,
  messages: Messages,
  options: ReadOptions,
): AsyncGenerator<{ batch: RecordBatch; firstRow: number }> {
  const { fields, metadata } = messages.schema;
  const dictionaries = new Map<number, Vector>();
  const most = UNPACKED_BYTES + UNPACKED_SHARE * file.bytes;
  const bodyOf = (message: FoundMessage, { codec }: BatchFacts): ArrowBody => {
    const place = { handle, path: file.path, position: message.bodyPosition };
    return codec === undefined ? plainBody(place) : packedBody(place, codec, most);
  };
  let firstRow = 0;
  for await (const message of messages.all()) {
    const { batch, dictionary } = message;
    if (batch === undefined) throw damagedTable(file.path, 'it has a message that is not part of a table');
    const body = bodyOf(message, batch);
    if (dictionary !== undefined) {
      const { id, isDelta } = dictionary;
      const values = await guardedAsync(file.path, async () => {
        const field = dictionaryField(fields, id);
        if (field === undefined) throw new RangeError(`no column has the dictionary ${id}`);
        const [column] = planColumns([field], batch) as [ColumnPlan];
        return new Vector([await loadColumn(column, body, { from: 0, to: batch.rows }, dictionaries)]);
      });
      dictionaries.set(id, isDelta ? (dictionaries.get(id)?.concat(values) ?? values) : values);
      continue;
    }
    const wanted = await guardedAsync(file.path, async () => {
      const plans = planColumns(fields, batch);
      return fields.flatMap((field, index) => {
        const isWanted = options.columns === undefined || options.columns.includes(field.name);
        return isWanted ? [{ field, plan: plans[index] as ColumnPlan }] : [];
      });
    });
    const step = await guardedAsync(file.path, () => rowsAtATime(wanted, body, batch.rows, options.batchBytes));
    for (let from = 0; from < batch.rows; from += step) {
      const to = Math.min(batch.rows, from + step);
      const columns = await guardedAsync(file.path, async () => {
        const loaded: { field: Field; data: Awaited<ReturnType<typeof loadColumn>> }[] = [];
        for (const { field, plan } of wanted) {
          loaded.push({ field, data: await loadColumn(plan, body, { from, to }, dictionaries) });
        }
        return loaded;
      });
      yield { batch: recordBatch(columns, to - from, metadata), firstRow: firstRow + from };
    }
    firstRow += batch.rows;
  }
}

/** How many rows of a batch take about this many bytes. */
async function rowsAtATime(
  wanted: readonly { readonly plan: ColumnPlan }[],
  body: ArrowBody,
  rows: number,
  batchBytes: number,
): Promise<number> {
  let bytes = 0;
  for (const { plan } of wanted) bytes += await columnBytes(plan, body);
  return Math.max(1, Math.floor(batchBytes / Math.max(1, bytes / Math.max(1, rows))));
}

/** The values of a dictionary as a column, wherever in the schema it is used. */
function dictionaryField(fields: readonly Field[], id: number): Field | undefined {
  for (const field of fields) {
    const { type } = field;
    if (DataType.isDictionary(type)) {
      const values = field.clone({ type: type.dictionary });
      if (type.id === id) return values;
      const nested = dictionaryField([values], id);
      if (nested !== undefined) return nested;
    } else {
      const nested = dictionaryField((type.children ?? []) as Field[], id);
      if (nested !== undefined) return nested;
    }
  }
  return undefined;
}

/** Opens a file: the footer at its end has the schema and the places of the messages. */
async function openFile(handle: FileHandle, { path, bytes }: TableFile): Promise<Messages> {
  const tail = await readAt(handle, bytes - TAIL_BYTES, TAIL_BYTES, path);
  const end = bytes - TAIL_BYTES - tail.readInt32LE(0);
  const footer = await readAt(handle, end, bytes - end, path);
  const facts = guarded(path, () => checkFooter(footer.subarray(0, footer.length - TAIL_BYTES), end));
  // A file without batches: only a beginning and a footer.
  const empty = Buffer.concat([FILE_START, facts.empty, tail]);
  const schema = guarded(path, () => schemaOf(empty));
  return {
    schema,
    async *all() {
      for (const position of facts.positions) {
        const message = await messageAt(handle, path, position, end);
        if (message === undefined) throw damagedTable(path, `at byte ${position} no message begins`);
        yield message;
      }
    },
  };
}

/** Opens a stream: messages one after another, the schema first, until the end marker. */
async function openStream(handle: FileHandle, { path, bytes }: TableFile): Promise<Messages> {
  const first = await messageAt(handle, path, 0, bytes);
  if (first?.kind !== 'schema') throw damagedTable(path, 'it does not begin with a schema');
  return {
    schema: guarded(path, () => schemaOf(encapsulated(first))),
    async *all() {
      let position = first.bodyPosition + first.bodyLength;
      for (;;) {
        const message = await messageAt(handle, path, position, bytes);
        if (message === undefined) return;
        yield message;
        position = message.bodyPosition + message.bodyLength;
      }
    },
  };
}

/** The message at a position, or undefined at the end marker. */
async function messageAt(
  handle: FileHandle,
  path: string,
  position: number,
  end: number,
): Promise<FoundMessage | undefined> {
  const left = end - position - PREFIX_BYTES;
  if (left < 0) throw damagedTable(path, `it ends at byte ${end} without its end marker`);
  const prefix = await readAt(handle, position, PREFIX_BYTES, path);
  const isOld = prefix.readUInt32LE(0) !== CONTINUATION;
  const length = prefix.readInt32LE(isOld ? 0 : 4);
  const start = position + (isOld ? OLD_PREFIX_BYTES : PREFIX_BYTES);
  if (length === 0) return undefined;
  if (length < 0 || start + length > end) {
    throw damagedTable(path, `at byte ${position} a message of ${length} bytes begins, but ${end - start} are left`);
  }
  const metadata = await readAt(handle, start, length, path);
  const facts = guarded(path, () => checkMessage(metadata, end - start - length));
  return { ...facts, metadata, bodyPosition: start + length };
}

/**
 * Parses a schema. Damaged ones can have incomplete types, which shows when these are accessed.
 */
function schemaOf(bytes: Uint8Array): Schema {
  const { fields, metadata } = RecordBatchReader.from(bytes).open().schema;
  for (const { type } of fields) String(type);
  return new Schema(fields, metadata);
}

/** A message without a body, as written in a stream, padded to eight bytes. */
function encapsulated({ metadata }: FoundMessage): Uint8Array {
  const padded = Math.ceil(metadata.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX_BYTES + padded);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, padded, true);
  bytes.set(metadata, PREFIX_BYTES);
  return bytes;
}

function guarded<T>(path: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw faultOf(path, error);
  }
}

async function guardedAsync<T>(path: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    throw faultOf(path, error);
  }
}

function faultOf(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  if (error instanceof UnsupportedTable) return unreadableTable(path, reasonOf(error), error);
  return damagedTable(path, reasonOf(error), error);
}
