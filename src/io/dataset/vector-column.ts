import { type Data, DataType, Precision, type RecordBatch } from 'apache-arrow';
import { UsageError } from '../../core/errors.ts';

/** The vectors of a column. */
export interface Vectors {
  /** Values in a row; 0 if a plain list has only null rows. */
  readonly dimension: number;
  /**
   * `rows * dimension` values, row after row, with zeros where a row is null. May be a view of the
   * batch: do not write to it.
   */
  readonly values: Float32Array;
  /** One byte for each row: 1 where it has a vector, 0 where it is null. */
  readonly valid: Uint8Array;
  readonly rows: number;
}

/** Where a batch is, for error messages. */
export interface BatchPlace {
  readonly file: string;
  /** Number of the batch's first row in the file, from 0. */
  readonly firstRow: number;
}

/**
 * The vectors of a column of float32, float64 or float16 lists, plain, large or of fixed size, as
 * float32.
 *
 * @param dimension the length of every vector; if left out, that of the first.
 * @throws UsageError `dataset` when there is no such column or it has no vectors of numbers; naming
 * file and row, when a vector has another length than those before it, is empty, or has a null, a
 * NaN, an infinity or a number beyond float32.
 */
export function vectorsOf(batch: RecordBatch, column: string, at: BatchPlace, dimension?: number): Vectors {
  const index = batch.schema.fields.findIndex(({ name }) => name === column);
  const data = batch.data.children[index];
  const field = batch.schema.fields[index];
  if (data === undefined || field === undefined) {
    const names = batch.schema.fields.map(({ name }) => name);
    throw new UsageError(`${at.file} has no column '${column}'; its columns are: ${names.join(', ') || 'none'}`, {
      code: 'dataset',
      remedy: 'Name one of these.',
    });
  }
  const rows = batch.numRows;
  const fault = (row: number, what: string) => faulty(at, row, column, what);
  const starts = startsOf(data, rows, at, column);
  const element = data.children[0];
  if (starts === undefined || element === undefined || !DataType.isFloat(element.type)) {
    const vectors = batch.schema.fields.filter(({ type }) => isVector(type)).map(({ name }) => name);
    throw new UsageError(
      `column '${column}' of ${at.file} is ${field.type}, not a list of floating-point numbers; columns that are: ${vectors.join(', ') || 'none'}`,
      { code: 'dataset', remedy: 'Name a column of vectors.' },
    );
  }

  const valid = validityOf(data, rows);
  const firstValid = valid.indexOf(1);
  const length = (row: number) => (starts[row + 1] as number) - (starts[row] as number);
  const fixed = DataType.isFixedSizeList(data.type) ? data.type.listSize : undefined;
  const size = dimension ?? fixed ?? (firstValid < 0 ? 0 : length(firstValid));
  for (let row = 0; row < rows; row += 1) {
    if (valid[row] === 0) continue;
    if (length(row) === 0) throw fault(row, 'it is empty');
    if (length(row) !== size) throw fault(row, `it has ${length(row)} values, but those before it have ${size}`);
  }

  const source = element.values as Float32Array | Float64Array | Uint16Array;
  const from = starts[0] as number;
  const needed = starts[rows] as number;
  if (from < 0 || needed > source.length || needed > element.length) {
    throw fault(0, `the file has ${source.length} values where ${needed} should be`);
  }
  const isNull = element.nullCount > 0 ? (position: number) => !element.getValid(position) : undefined;
  const precision = element.type.precision;
  const view = precision === Precision.SINGLE && rows * size === needed - from && !valid.includes(0);
  const values = view ? (source as Float32Array).subarray(from, needed) : new Float32Array(rows * size);
  for (let row = 0; row < rows; row += 1) {
    if (valid[row] === 0) continue;
    const start = starts[row] as number;
    for (let index = 0; index < size; index += 1) {
      if (isNull?.(start + index)) throw fault(row, `value ${index} is null`);
      const raw = source[start + index] as number;
      const value = precision === Precision.HALF ? fromHalf(raw) : raw;
      const rounded = Math.fround(value);
      // False only for NaN and the infinities.
      if (rounded - rounded !== 0)
        throw fault(row, `value ${index} is ${value}${Number.isFinite(value) ? ', beyond float32' : ''}`);
      if (!view) values[row * size + index] = rounded;
    }
  }
  return { dimension: size, values, valid, rows };
}

function isVector(type: DataType): boolean {
  const isList = DataType.isFixedSizeList(type) || DataType.isList(type) || DataType.isLargeList(type);
  return isList && DataType.isFloat(type.children[0]?.type);
}

/**
 * Where each row's values start in the elements, and where the last row's end; undefined if the
 * column has no lists.
 */
function startsOf(data: Data, rows: number, at: BatchPlace, column: string): Float64Array | undefined {
  if (DataType.isFixedSizeList(data.type)) {
    const { listSize } = data.type;
    const elements = data.children[0]?.length ?? 0;
    if (rows * listSize > elements)
      throw faulty(at, 0, column, `the file has ${elements} values for ${rows} rows of ${listSize}`);
    return Float64Array.from({ length: rows + 1 }, (_, row) => row * listSize);
  }
  if (!DataType.isList(data.type) && !DataType.isLargeList(data.type)) return undefined;
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  if (rows > 0 && offsets.length < rows + 1)
    throw faulty(at, 0, column, `the file has ${offsets.length} offsets for ${rows} rows`);
  const starts = new Float64Array(rows + 1);
  for (let row = 0; row <= rows && rows > 0; row += 1) {
    starts[row] = Number(offsets[row]);
    if (row > 0 && (starts[row] as number) < (starts[row - 1] as number)) {
      throw faulty(at, row - 1, column, 'it ends before it begins');
    }
  }
  return starts;
}

function validityOf(data: Data, rows: number): Uint8Array {
  if (data.nullCount === 0) return new Uint8Array(rows).fill(1);
  return Uint8Array.from({ length: rows }, (_, row) => (data.getValid(row) ? 1 : 0));
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function faulty(at: BatchPlace, row: number, column: string, what: string): UsageError {
  return new UsageError(`${at.file}, row ${at.firstRow + row} (from 0), column '${column}': ${what}`, {
    code: 'dataset',
    remedy: 'Leave the row out or write it again: every vector must have the same number of finite values.',
  });
}
