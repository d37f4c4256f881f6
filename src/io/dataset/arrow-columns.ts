import { type Data, DataType, type Field, makeData, Precision, type Union, type Vector } from 'apache-arrow';
import type { ArrowBody } from './arrow-body.ts';
import type { BatchFacts, BufferFacts } from './arrow-message.ts';

/** Dictionaries, by id. */
export type Dictionaries = ReadonlyMap<number, Vector>;

/** A column of a record batch, or one nested in it, with its buffers. */
export interface ColumnPlan {
  readonly type: DataType;
  readonly length: number;
  readonly nullCount: number;
  readonly validity: BufferFacts | undefined;
  /** Its further buffers: values; offsets and values; type ids and offsets. */
  readonly buffers: readonly BufferFacts[];
  /** For views: the buffers that they point into. */
  readonly variadic: readonly BufferFacts[];
  readonly children: readonly ColumnPlan[];
}

/**
 * Distributes the nodes and buffers of a record batch to its columns
 * (https://arrow.apache.org/docs/format/Columnar.html#recordbatch-message).
 *
 * @throws RangeError when there are fewer than the columns need.
 */
export function planColumns(fields: readonly Field[], batch: BatchFacts): ColumnPlan[] {
  const next = { node: 0, buffer: 0, variadic: 0 };
  const buffer = (): BufferFacts => {
    const found = batch.buffers[next.buffer];
    if (found === undefined) throw new RangeError(`a batch has ${next.buffer} buffers, fewer than its columns need`);
    next.buffer += 1;
    return found;
  };
  const buffers = (count: number) => Array.from({ length: count }, buffer);
  const plan = (type: DataType): ColumnPlan => {
    const node = batch.nodes[next.node];
    if (node === undefined) throw new RangeError(`a batch has ${next.node} columns, fewer than its schema`);
    next.node += 1;
    // Before version 5 of the format, unions also had a validity bitmap.
    const hasValidity = !DataType.isNull(type) && (!DataType.isUnion(type) || batch.version < 4);
    const validity = hasValidity ? buffer() : undefined;
    const own = buffers(ownBuffers(type));
    const isView = DataType.isUtf8View(type) || DataType.isBinaryView(type);
    const variadic = isView ? buffers(batch.variadicCounts[next.variadic] ?? 0) : [];
    if (isView) next.variadic += 1;
    const nested = DataType.isDictionary(type) ? [] : (type.children ?? []);
    const children = nested.map((child: Field) => plan(child.type));
    return { type, ...node, validity, buffers: own, variadic, children };
  };
  const columns = fields.map(({ type }) => plan(type));
  const uneven = columns.find(({ length }) => length !== batch.rows);
  if (uneven !== undefined) throw new RangeError(`a column has ${uneven.length} rows in a batch of ${batch.rows}`);
  return columns;
}

function ownBuffers(type: DataType): number {
  if (DataType.isNull(type) || DataType.isFixedSizeList(type) || DataType.isStruct(type)) return 0;
  if (DataType.isUnion(type)) return DataType.isDenseUnion(type) ? 2 : 1;
  const hasOffsets =
    DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isLargeUtf8(type) || DataType.isLargeBinary(type);
  return hasOffsets ? 2 : 1;
}

/** Unpacked bytes of a column's buffers. */
export async function columnBytes(column: ColumnPlan, body: ArrowBody): Promise<number> {
  let bytes = 0;
  for (const buffer of column.buffers) bytes += await body.size(buffer);
  for (const buffer of column.variadic) bytes += await body.size(buffer);
  for (const child of column.children) bytes += await columnBytes(child, body);
  return bytes;
}

/**
 * Rows of a column. From plain buffers, only the bytes of these rows are read.
 *
 * @throws RangeError when a buffer is shorter than its rows need, or its offsets are invalid.
 */
export async function loadColumn(
  column: ColumnPlan,
  body: ArrowBody,
  rows: { readonly from: number; readonly to: number },
  dictionaries: Dictionaries,
): Promise<Data> {
  const { type, children } = column;
  const { from, to } = rows;
  const length = to - from;
  if (from < 0 || length < 0 || to > column.length) {
    throw new RangeError(`a column has ${column.length} values where ${to} are needed`);
  }
  const load = (child: ColumnPlan, first: number, last: number) =>
    loadColumn(child, body, { from: first, to: last }, dictionaries);
  const base = { type, length, ...(await validityOf(column, body, from, length)) };
  const make = (props: object): Data => makeData({ ...base, ...props } as never);
  const [first, second] = column.buffers as readonly [BufferFacts, BufferFacts];

  if (DataType.isNull(type)) return makeData({ type, length, nullCount: length });
  if (DataType.isStruct(type)) {
    return make({ children: await inTurn(children, (child) => load(child, from, to)) });
  }
  if (DataType.isFixedSizeList(type)) {
    const { listSize } = type;
    return make({ child: await load(children[0] as ColumnPlan, from * listSize, to * listSize) });
  }
  if (DataType.isUnion(type)) return make(await unionOf(column, body, from, length, load));
  if (DataType.isList(type) || DataType.isMap(type) || DataType.isLargeList(type)) {
    const { offsets, start, end } = await offsetsOf(first, body, from, length, DataType.isLargeList(type));
    return make({ valueOffsets: offsets, child: await load(children[0] as ColumnPlan, start, end) });
  }
  if (DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) {
    const large = DataType.isLargeUtf8(type) || DataType.isLargeBinary(type);
    const { offsets, start, end } = await offsetsOf(first, body, from, length, large);
    return make({ valueOffsets: offsets, data: await body.read(second, start, end - start) });
  }
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) {
    const views = await body.read(first, VIEW_BYTES * from, VIEW_BYTES * length);
    const variadicBuffers = await inTurn(column.variadic, async (each) => body.read(each, 0, await body.size(each)));
    checkViews(views, variadicBuffers);
    return make({ views: aligned(views, VIEW_BYTES), variadicBuffers });
  }
  if (DataType.isBool(type)) return make({ data: await bitsOf(first, body, from, length) });
  const width = widthOf(type);
  const data = aligned(await body.read(first, width * from, width * length), 8);
  if (!DataType.isDictionary(type)) return make({ data });
  const dictionary = dictionaries.get(type.id);
  if (dictionary === undefined) throw new RangeError(`a column's dictionary (${type.id}) is missing`);
  const column_ = make({ data, dictionary });
  checkIndices(column_, dictionary.length);
  return column_;
}

const VIEW_BYTES = 16;
/** A text of at most this length is stored in the view itself. */
const INLINE_BYTES = 12;

/** Bytes of a value. */
function widthOf(type: DataType): number {
  if (DataType.isDictionary(type)) return widthOf(type.indices);
  if (DataType.isInt(type) || DataType.isDecimal(type) || DataType.isTime(type)) return type.bitWidth / 8;
  if (DataType.isFloat(type))
    return { [Precision.HALF]: 2, [Precision.SINGLE]: 4, [Precision.DOUBLE]: 8 }[type.precision];
  if (DataType.isDate(type)) return type.unit === 0 ? 4 : 8;
  if (DataType.isInterval(type)) return [4, 8, 16][type.unit] as number;
  if (DataType.isFixedSizeBinary(type)) return type.byteWidth;
  if (DataType.isTimestamp(type) || DataType.isDuration(type)) return 8;
  throw new RangeError(`a column has the type ${type}, which is not known`);
}

async function validityOf({ validity, nullCount }: ColumnPlan, body: ArrowBody, from: number, length: number) {
  if (validity === undefined || nullCount === 0) return { nullCount: 0 };
  return { nullCount: -1, nullBitmap: await bitsOf(validity, body, from, length) };
}

/** Bits from a position onwards, shifted to the beginning. */
async function bitsOf(buffer: BufferFacts, body: ArrowBody, from: number, length: number): Promise<Uint8Array> {
  const [start, end] = [Math.floor(from / 8), Math.ceil((from + length) / 8)];
  const bytes = await body.read(buffer, start, end - start);
  const shift = from % 8;
  if (shift === 0) return bytes;
  const bits = new Uint8Array(Math.ceil(length / 8));
  for (let at = 0; at < bits.length; at += 1) {
    bits[at] = ((bytes[at] as number) >> shift) | ((bytes[at + 1] ?? 0) << (8 - shift));
  }
  return bits;
}

/** Offsets of rows, rebased to 0, and where the data that they point to begins and ends. */
async function offsetsOf(buffer: BufferFacts, body: ArrowBody, from: number, length: number, large: boolean) {
  const width = large ? 8 : 4;
  // A column without rows may have no offsets at all.
  if (length === 0) return { offsets: large ? new BigInt64Array(1) : new Int32Array(1), start: 0, end: 0 };
  const bytes = aligned(await body.read(buffer, width * from, width * (length + 1)), width);
  const { buffer: memory, byteOffset } = bytes;
  const read = large
    ? new BigInt64Array(memory, byteOffset, length + 1)
    : new Int32Array(memory, byteOffset, length + 1);
  const start = Number(read[0]);
  const offsets = large ? new BigInt64Array(length + 1) : new Int32Array(length + 1);
  let last = start;
  for (let row = 0; row <= length; row += 1) {
    const offset = Number(read[row]);
    if (offset < last) throw new RangeError(`row ${from + row - 1} of a column ends before it begins`);
    last = offset;
    if (offsets instanceof BigInt64Array) offsets[row] = BigInt(offset - start);
    else offsets[row] = offset - start;
  }
  return { offsets, start, end: last };
}

async function unionOf(
  { type, buffers, children }: ColumnPlan,
  body: ArrowBody,
  from: number,
  length: number,
  load: (child: ColumnPlan, from: number, to: number) => Promise<Data>,
) {
  const [ids, places] = buffers as readonly [BufferFacts, BufferFacts | undefined];
  const typeIds = new Int8Array(await body.read(ids, from, length));
  const known = (type as Union).typeIds;
  const childOf = (id: number | undefined): number => Array.prototype.indexOf.call(known, id);
  if (typeIds.some((id) => childOf(id) < 0))
    throw new RangeError('a union has a value of a type that it does not have');
  if (places === undefined) {
    return { typeIds, children: await inTurn(children, (child) => load(child, from, from + length)) };
  }
  const bytes = aligned(await body.read(places, 4 * from, 4 * length), 4);
  const read = new Int32Array(bytes.buffer, bytes.byteOffset, length);
  // Only the range from the first to the last value of each child is read.
  const ranges = children.map(() => ({ start: Number.POSITIVE_INFINITY, end: 0 }));
  for (const [row, place] of read.entries()) {
    const range = ranges[childOf(typeIds[row])] as { start: number; end: number };
    range.start = Math.min(range.start, place);
    range.end = Math.max(range.end, place + 1);
  }
  for (const range of ranges) range.start = Math.min(range.start, range.end);
  const valueOffsets = read.map((place, row) => place - (ranges[childOf(typeIds[row])]?.start ?? 0));
  const pieces: Data[] = [];
  for (const [index, child] of children.entries()) {
    const { start, end } = ranges[index] as { start: number; end: number };
    pieces.push(await load(child, start, end));
  }
  return { typeIds, valueOffsets, children: pieces };
}

/** Every view must lie inside the buffer that it names. */
function checkViews(views: Uint8Array, buffers: readonly Uint8Array[]): void {
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  for (let at = 0; at < views.length; at += VIEW_BYTES) {
    const length = view.getInt32(at, true);
    if (length >= 0 && length <= INLINE_BYTES) continue;
    const available = buffers[view.getInt32(at + 8, true)]?.length ?? 0;
    const start = view.getInt32(at + 12, true);
    if (length < 0 || start < 0 || start + length > available) throw new RangeError('a string lies outside its buffer');
  }
}

/** Every index must name a value of the dictionary, unless its row is null. */
function checkIndices(column: Data, size: number): void {
  const values = column.values as ArrayLike<number | bigint>;
  for (let row = 0; row < column.length; row += 1) {
    const index = values[row] as number | bigint;
    if ((index < 0 || index >= size) && column.getValid(row)) {
      throw new RangeError(`row ${row} of a column names value ${index} of a dictionary of ${size}`);
    }
  }
}

/** The bytes, copied if necessary so that a typed array of that width can view them. */
function aligned(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}

async function inTurn<Input, Output>(
  inputs: readonly Input[],
  work: (input: Input) => Promise<Output>,
): Promise<Output[]> {
  const outputs: Output[] = [];
  for (const input of inputs) outputs.push(await work(input));
  return outputs;
}
