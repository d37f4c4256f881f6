import { type RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow';
import { type ColumnPlan, planColumns } from './arrow-columns.ts';
import { checkFooter, checkMessage } from './arrow-message.ts';

const FILE_START = Buffer.from('ARROW1\0\0');
/** Bytes of the footer's length and the magic. */
const TAIL_BYTES = 10;
/** A message starts with a mark and the length of its metadata. */
const MESSAGE_PREFIX_BYTES = 8;
/**
 * From 2 GiB, apache-arrow writes wrong lengths into a record batch and cannot read it.
 */
const BATCH_BYTES = 2 ** 30;

type NumberView = Int32Array | Float64Array | Float32Array | Uint8Array;

/** A kind of typed array. */
interface ViewOf<View> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): View;
  new (buffer: ArrayBuffer, offset: number, length: number): View;
}

/** The columns of a unit's file. */
export interface UnitBatches {
  readonly schema: Schema;
  readonly rows: number;
  /** A column of numbers. @throws RangeError when it is missing or cut off. */
  readonly numbers: <View extends NumberView>(name: string, type: ViewOf<View>) => View;
  /**
   * A column of vectors, row after row, and for each row whether it has a vector.
   * @throws RangeError when it is cut off.
   */
  readonly vectors: (
    column: number,
    dimension: number,
  ) => { readonly values: Float32Array; readonly valid: Uint8Array };
}

/**
 * The record batches in which a unit is written: the whole batch, or slices of about this many
 * bytes.
 */
export function unitBatches(batch: RecordBatch, batchBytes = BATCH_BYTES): RecordBatch[] {
  const bytes = batch.data.children.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const count = Math.min(Math.max(1, batch.numRows), Math.ceil(bytes / batchBytes));
  const rows = Math.ceil(batch.numRows / count);
  if (count <= 1) return [batch];
  return Array.from({ length: Math.ceil(batch.numRows / rows) }, (_, index) =>
    batch.slice(index * rows, Math.min(batch.numRows, (index + 1) * rows)),
  );
}

/**
 * The schema in a footer. With the start of a file before it, a footer is an Arrow file without
 * batches.
 */
export function schemaOfFooter(footer: Buffer): Schema {
  return RecordBatchReader.from(Buffer.concat([FILE_START, footer])).open().schema;
}

/**
 * The record batches of a unit's file: columns are views of its bytes if there is one batch, else
 * copies.
 *
 * @throws RangeError when the bytes are not a whole file.
 */
export function readUnitBatches(bytes: Buffer): UnitBatches {
  const end = bytes.length - TAIL_BYTES;
  const start = end - bytes.readInt32LE(end);
  const schema = schemaOfFooter(bytes.subarray(start));
  const { positions } = checkFooter(bytes.subarray(start, end), start);
  const batches = positions.map((position) => batchAt(bytes, schema, position, start));
  return {
    schema,
    rows: batches.reduce((sum, { rows }) => sum + rows, 0),
    numbers: (name, type) => {
      const index = schema.fields.findIndex((field) => field.name === name);
      if (index < 0) throw new RangeError(`it has no column '${name}'`);
      return joined(
        type,
        batches.map(({ view, plans, rows }) => view(type, plans[index], rows)),
      );
    },
    vectors: (index, dimension) => {
      const values = batches.map(({ view, plans, rows }) =>
        view(Float32Array, plans[index]?.children[0], rows * dimension),
      );
      const valid = batches.map(({ isValid, plans, rows }) =>
        Uint8Array.from({ length: rows }, (_, row) => (isValid(plans[index], row) ? 1 : 0)),
      );
      return { values: joined(Float32Array, values), valid: joined(Uint8Array, valid) };
    },
  };
}

/** The record batch at a position of a file, and views of its columns. */
function batchAt(bytes: Buffer, schema: Schema, position: number, end: number) {
  const body = position + MESSAGE_PREFIX_BYTES + bytes.readInt32LE(position + 4);
  const { batch } = checkMessage(bytes.subarray(position + MESSAGE_PREFIX_BYTES, body), end - body);
  if (batch === undefined) throw new RangeError('it has a message that is not a record batch');
  const plans = planColumns(schema.fields, batch);
  const view = <View extends NumberView>(type: ViewOf<View>, plan: ColumnPlan | undefined, length: number): View => {
    const buffer = plan?.buffers[0];
    if (buffer === undefined || buffer.length < length * type.BYTES_PER_ELEMENT) {
      throw new RangeError('a column is cut off');
    }
    return new type(bytes.buffer as ArrayBuffer, bytes.byteOffset + body + buffer.offset, length);
  };
  const isValid = (plan: ColumnPlan | undefined, row: number): boolean => {
    if (plan?.validity === undefined || plan.nullCount === 0) return true;
    return ((bytes[body + plan.validity.offset + (row >> 3)] ?? 0) & (1 << (row & 7))) !== 0;
  };
  return { rows: batch.rows, plans, view, isValid };
}

function joined<View extends NumberView>(type: ViewOf<View>, views: readonly View[]): View {
  const [first] = views;
  if (first !== undefined && views.length === 1) return first;
  const whole = new type(views.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const view of views) {
    whole.set(view, at);
    at += view.length;
  }
  return whole;
}
