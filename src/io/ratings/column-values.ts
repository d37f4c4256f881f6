import { DataType, DateUnit, Int64, Vector } from 'apache-arrow';
import { decodeText } from './fields.ts';

/**
 * Reads a column of a table row by row: numbers, integers or texts; a decimal as its text, a time
 * as seconds since 1970 (as precise as float64 allows, whatever the column's unit), raw bytes as
 * text. Null stays null.
 */
export function columnValues(column: Vector): (row: number) => unknown {
  const { type } = column;
  if (DataType.isDictionary(type)) return dictionaryValues(column);
  if (DataType.isDecimal(type)) return mapped<Uint32Array>(column, (words) => decimalOf(words, type.scale));
  if (DataType.isTimestamp(type)) return secondsOf(column, 1000 ** type.unit);
  if (DataType.isDate(type) && type.unit === DateUnit.MILLISECOND) return secondsOf(column, 1000);
  if (DataType.isDate(type)) return mapped<number>(column, (milliseconds) => milliseconds / 1000);
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) {
    return mapped<Uint8Array>(column, (bytes) => decodeText(Buffer.from(bytes), 0, bytes.length));
  }
  return (row) => column.get(row);
}

function mapped<T>(column: Vector, convert: (value: T) => unknown): (row: number) => unknown {
  return (row) => {
    const value: T | null = column.get(row);
    return value === null ? null : convert(value);
  };
}

/**
 * Arrow converts times to milliseconds, and fails beyond 2^53 of them, so the 64-bit integers are
 * read directly.
 */
function secondsOf(column: Vector, perSecond: number): (row: number) => unknown {
  const ticks = new Vector(column.data.map((data) => data.clone(new Int64())));
  return mapped<bigint>(ticks, (tick) => Number(tick) / perSecond);
}

/** Each row names an entry of the dictionary, which may be of any type. */
function dictionaryValues(column: Vector): (row: number) => unknown {
  const parts = column.data.map((data) => {
    const entry = columnValues(data.dictionary as Vector);
    const indices = new Vector([data.clone(data.type.indices as DataType)]);
    return { rows: data.length, value: mapped<number | bigint>(indices, (index) => entry(Number(index))) };
  });
  return (row) => {
    let at = row;
    for (const { rows, value } of parts) {
      if (at < rows) return value(at);
      at -= rows;
    }
    return null;
  };
}

/**
 * The text of a decimal: its 32-bit words, lowest first, form an integer in two's complement, in
 * units of 10^-scale.
 */
function decimalOf(words: Uint32Array, scale: number): string {
  const bits = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const value = BigInt.asIntN(32 * words.length, bits);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const rest = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${rest === '' ? '' : `.${rest}`}`;
}
