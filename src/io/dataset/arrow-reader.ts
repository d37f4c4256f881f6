import { type FileHandle, open } from 'node:fs/promises';
import { type RecordBatch, RecordBatchReader, type Schema, Table, tableToIPC } from 'apache-arrow';
import { UsageError } from '../../errors.ts';
import { recordBatch } from './arrow.ts';
import { checkFooter, checkMessage, type MessageFacts } from './arrow-message.ts';
import { damagedTable, reasonOf } from './table-error.ts';
import { readAt, readInto, type TableFile } from './table-files.ts';
import type { TablePart } from './table-part.ts';

const CONTINUATION = 0xffffffff;
const PREFIX_BYTES = 8;
/** The magic at the start of a file, padded. */
const FILE_START = Buffer.from('ARROW1\0\0');
/** Length of the footer and the magic. */
const TAIL_BYTES = 10;

/** A message whose metadata are in memory, and where its body lies. */
interface FoundMessage extends MessageFacts {
  readonly metadata: Uint8Array;
  readonly bodyPosition: number;
}

/** A file or stream: its schema, and its dictionaries and record batches in order. */
interface Messages {
  readonly schema: Schema;
  all(): AsyncGenerator<FoundMessage>;
}

/**
 * Opens an Arrow IPC file or stream. Reads the schema only; `batches` then reads one record batch at a time, and gives it
 * in slices of about `batchBytes`, which share its memory.
 *
 * @throws UsageError `dataset` when it is damaged, cut off (a stream must end with its end marker), or compressed.
 */
export async function openArrow(
  file: TableFile,
  options: { readonly columns: readonly string[] | undefined; readonly batchBytes: number },
): Promise<TablePart> {
  const handle = await open(file.path, 'r');
  try {
    const messages = file.format === 'arrow-file' ? await openFile(handle, file) : await openStream(handle, file);
    return {
      path: file.path,
      schema: messages.schema,
      async *batches() {
        let firstRow = 0;
        for await (const batch of recordBatches(handle, file, messages, options.columns)) {
          const bytes = Math.max(1, sizeOf(batch) / Math.max(1, batch.numRows));
          const step = Math.max(1, Math.floor(options.batchBytes / bytes));
          for (let row = 0; row < batch.numRows; row += step) {
            yield { batch: batch.slice(row, row + step), firstRow: firstRow + row };
          }
          firstRow += batch.numRows;
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The record batches, with the wanted columns. */
async function* recordBatches(
  handle: FileHandle,
  { path }: TableFile,
  messages: Messages,
  columns: readonly string[] | undefined,
): AsyncGenerator<RecordBatch> {
  const empty = tableToIPC(new Table(messages.schema), 'stream');
  // Every batch is decoded as a stream of its own: the schema without the end marker, the dictionaries, the batch.
  const before: Uint8Array[] = [empty.subarray(0, empty.length - PREFIX_BYTES)];
  for await (const message of messages.all()) {
    if (message.compressed) throw compressed(path);
    const bytes = encapsulated(message);
    await readInto(handle, message.bodyPosition, bytes.subarray(bytes.length - message.bodyLength), path);
    if (message.kind === 'dictionary') before.push(bytes);
    else if (message.kind !== 'batch') throw damagedTable(path, 'it has a message that is no part of a table');
    else {
      yield guarded(path, () => {
        const [batch] = [...RecordBatchReader.from(Buffer.concat([...before, bytes]))];
        if (batch === undefined) throw new RangeError('a record batch is missing');
        return columns === undefined ? batch : selected(batch, columns);
      });
    }
  }
}

/** A file: the footer at its end has the schema, and tells where the messages are. */
async function openFile(handle: FileHandle, { path, bytes }: TableFile): Promise<Messages> {
  const tail = await readAt(handle, bytes - TAIL_BYTES, TAIL_BYTES, path);
  const end = bytes - TAIL_BYTES - tail.readInt32LE(0);
  const footer = await readAt(handle, end, bytes - end, path);
  const facts = guarded(path, () => checkFooter(footer.subarray(0, footer.length - TAIL_BYTES), end));
  // A file without batches: its beginning and its footer.
  const empty = Buffer.concat([FILE_START, facts.empty, tail]);
  const schema = guarded(path, () => RecordBatchReader.from(empty).open().schema);
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

/** A stream: messages one after another, the schema first, until the end marker. */
async function openStream(handle: FileHandle, { path, bytes }: TableFile): Promise<Messages> {
  const first = await messageAt(handle, path, 0, bytes);
  if (first?.kind !== 'schema') throw damagedTable(path, 'it does not begin with a schema');
  return {
    schema: guarded(path, () => RecordBatchReader.from(encapsulated(first)).open().schema),
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
  if (left < 0) throw damagedTable(path, `it ends at byte ${end} without the marker of its end`);
  const prefix = await readAt(handle, position, PREFIX_BYTES, path);
  if (prefix.readUInt32LE(0) !== CONTINUATION) throw damagedTable(path, `at byte ${position} no message begins`);
  const length = prefix.readInt32LE(4);
  if (length === 0) return undefined;
  if (length < 0 || length > left) {
    throw damagedTable(path, `at byte ${position} a message of ${length} bytes begins, but ${left} are left`);
  }
  const metadata = await readAt(handle, position + PREFIX_BYTES, length, path);
  const facts = guarded(path, () => checkMessage(metadata, left - length));
  return { ...facts, metadata, bodyPosition: position + PREFIX_BYTES + length };
}

/** A message as it stands in a stream, padded to eight bytes, with room for its body. */
function encapsulated({ metadata, bodyLength }: FoundMessage): Uint8Array {
  const padded = Math.ceil(metadata.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX_BYTES + padded + bodyLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, padded, true);
  bytes.set(metadata, PREFIX_BYTES);
  return bytes;
}

/** The wanted columns of a batch in its own order. (`RecordBatch.select` of apache-arrow 21 mixes up the columns.) */
function selected(batch: RecordBatch, columns: readonly string[]): RecordBatch {
  const kept = batch.schema.fields.flatMap((field, index) => {
    const data = batch.data.children[index];
    return data !== undefined && columns.includes(field.name) ? [{ field, data }] : [];
  });
  return recordBatch(kept, batch.numRows, batch.schema.metadata);
}

function sizeOf(batch: RecordBatch): number {
  return batch.data.children.reduce((sum, child) => sum + child.byteLength, 0);
}

function guarded<T>(path: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw damagedTable(path, reasonOf(error), error);
  }
}

function compressed(path: string): UsageError {
  return new UsageError(`${path} is compressed inside, which is not read`, {
    code: 'dataset',
    remedy:
      "Write it uncompressed (pyarrow: feather.write_feather(table, path, compression='uncompressed')) or as Parquet.",
  });
}
