import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  AsyncByteQueue,
  type DataType,
  Field,
  Float64,
  Int32,
  makeData,
  type RecordBatch,
  RecordBatchFileWriter,
  Utf8,
  type Vector,
} from 'apache-arrow';
import { createFile, removeIfThere, syncDirectory, temporaryPath } from '../../core/atomic-file.ts';
import { writeFailure } from '../../core/disk-full.ts';
import { type BatchColumn, bitmap, recordBatch } from './batch-columns.ts';
import type { ItemFacts } from './item-facts.ts';

/** Columns of the table of items, and the facts in them. */
const COLUMNS = [
  ['item_id', 'id', 'text'],
  ['state', 'state', 'text'],
  ['code', 'code', 'text'],
  ['path', 'path', 'text'],
  ['source', 'source', 'text'],
  ['content_hash', 'hash', 'text'],
  ['unit', 'unit', 'text'],
  ['duration', 'duration', 'number'],
  ['fps', 'fps', 'number'],
  ['width', 'width', 'integer'],
  ['height', 'height', 'integer'],
  ['streams', 'streams', 'text'],
  ['left_out', 'leftOut', 'text'],
  ['updated', 'when', 'text'],
  ['version', 'version', 'text'],
] as const satisfies readonly (readonly [string, Exclude<keyof ItemFacts, 'more'>, 'text' | 'number' | 'integer'])[];

/** Names of the columns that every table of items has. */
export const ITEM_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** Rows per record batch. */
const BATCH_ROWS = 4096;

/** Record batches of items, with the manifest's other columns (`more`) after the standard ones. */
export async function* itemBatches(
  items: AsyncIterable<ItemFacts>,
  more: readonly string[],
): AsyncGenerator<RecordBatch> {
  let rows: ItemFacts[] = [];
  let isFirst = true;
  for await (const item of items) {
    if (rows.push(item) < BATCH_ROWS) continue;
    yield batchOf(rows, more);
    rows = [];
    isFirst = false;
  }
  if (rows.length > 0 || isFirst) yield batchOf(rows, more);
}

/** A row of such a batch. */
export function itemAt(batch: RecordBatch, row: number): ItemFacts {
  const facts: Record<string, unknown> = {};
  const more: Record<string, string> = {};
  for (const { name, fact, vector } of vectorsOf(batch).values()) {
    const value: unknown = vector?.get(row);
    if (value === null || value === undefined) continue;
    if (fact === undefined) more[name] = String(value);
    else facts[fact] = value;
  }
  return { ...facts, more: Object.keys(more).length > 0 ? more : undefined } as unknown as ItemFacts;
}

/** An item as a row of the table, by column name. */
export function itemRow(item: ItemFacts): Readonly<Record<string, string | number | undefined>> {
  return { ...Object.fromEntries(COLUMNS.map(([name, fact]) => [name, item[fact]])), ...item.more };
}

/** One fact of a row of such a batch: reading one costs a tenth of reading all. */
export function factAt(batch: RecordBatch, row: number, fact: Exclude<keyof ItemFacts, 'more'>): unknown {
  return vectorsOf(batch).get(fact)?.vector?.get(row) ?? undefined;
}

interface ItemColumn {
  readonly name: string;
  readonly fact: string | undefined;
  readonly vector: Vector | null;
}

/**
 * The columns of a batch, by the facts in them or, for a manifest's columns, by their names. Looked
 * up once, since rows are read one by one.
 */
function vectorsOf(batch: RecordBatch): ReadonlyMap<string, ItemColumn> {
  const known = vectors.get(batch);
  if (known !== undefined) return known;
  const found = new Map<string, ItemColumn>();
  for (const [index, { name }] of batch.schema.fields.entries()) {
    const fact = COLUMNS.find(([column]) => column === name)?.[1];
    // A manifest may have a column with the name of a fact.
    found.set(fact ?? `manifest ${name}`, { name, fact, vector: batch.getChildAt(index) });
  }
  vectors.set(batch, found);
  return found;
}

const vectors = new WeakMap<RecordBatch, ReadonlyMap<string, ItemColumn>>();

/** Takes the bytes of each batch from a writer, which would queue those of all. */
class WrittenBytes extends AsyncByteQueue {
  #pieces: Uint8Array[] = [];

  override write(bytes: Parameters<AsyncByteQueue['write']>[0]): void {
    this.#pieces.push(bytes as Uint8Array);
  }

  take(): Buffer {
    const pieces = this.#pieces;
    this.#pieces = [];
    return Buffer.concat(pieces);
  }
}

/**
 * Writes a table of items as an uncompressed Arrow IPC file, whole or not at all.
 *
 * @param assertHeld called before it replaces the previous table.
 */
export async function writeItems(
  path: string,
  batches: AsyncIterable<RecordBatch>,
  assertHeld: () => Promise<void>,
): Promise<void> {
  const temporary = temporaryPath(dirname(path));
  try {
    const file = await createFile(temporary);
    try {
      const writer = new RecordBatchFileWriter();
      const written = new WrittenBytes();
      writer.reset(written);
      for await (const batch of batches) {
        writer.write(batch);
        await file.writeFile(written.take());
      }
      writer.finish();
      await file.writeFile(written.take());
      await file.sync();
    } finally {
      await file.close();
    }
    await assertHeld();
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await removeIfThere(temporary);
    throw writeFailure(path, error);
  }
}

function batchOf(items: readonly ItemFacts[], more: readonly string[]): RecordBatch {
  const columns = COLUMNS.map(([name, fact, kind]) => {
    if (kind === 'text')
      return textValues(
        name,
        items.map((item) => item[fact] as string | undefined),
      );
    const values = items.map((item) => item[fact] as number | undefined);
    return numberValues(name, values, kind);
  });
  const others = more.map((name) =>
    textValues(
      name,
      items.map((item) => item.more?.[name]),
    ),
  );
  return recordBatch([...columns, ...others], items.length);
}

function textValues(name: string, values: readonly (string | undefined)[]): BatchColumn {
  const data = Buffer.from(values.join(''));
  const valueOffsets = new Int32Array(values.length + 1);
  for (const [row, value] of values.entries()) {
    valueOffsets[row + 1] = (valueOffsets[row] as number) + Buffer.byteLength(value ?? '');
  }
  return nullable(name, new Utf8(), values, { valueOffsets, data });
}

function numberValues(name: string, values: readonly (number | undefined)[], kind: 'number' | 'integer'): BatchColumn {
  const plain = values.map((value) => value ?? 0);
  return kind === 'integer'
    ? nullable(name, new Int32(), values, { data: Int32Array.from(plain) })
    : nullable(name, new Float64(), values, { data: Float64Array.from(plain) });
}

function nullable(
  name: string,
  type: DataType,
  values: readonly unknown[],
  buffers: { readonly data: Uint8Array | Int32Array | Float64Array; readonly valueOffsets?: Int32Array | undefined },
): BatchColumn {
  const valid = Uint8Array.from(values, (value) => (value === undefined ? 0 : 1));
  const nullCount = valid.length - valid.reduce((sum, flag) => sum + flag, 0);
  const nullBitmap = nullCount === 0 ? {} : { nullBitmap: bitmap(valid) };
  const data = makeData({ type, length: values.length, nullCount, ...buffers, ...nullBitmap } as never);
  return { field: new Field(name, type, true), data };
}
