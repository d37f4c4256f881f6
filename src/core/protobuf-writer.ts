/** Encoded bytes as a list of pieces, so that large ones are never copied for concatenation. */
export type Pieces = readonly Uint8Array[];

const encoder = new TextEncoder();

/** The total length of the pieces in bytes. */
export function byteCount(pieces: Pieces): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

/**
 * A protobuf base-128 varint of a signed or unsigned 64-bit integer (negative ones as two's
 * complement).
 */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** A varint field: number, then value (https://protobuf.dev/programming-guides/encoding). */
export function integerField(field: number, value: number | bigint): Pieces {
  return [varint(field << 3), varint(value)];
}

/** A 64-bit float field. */
export function doubleField(field: number, value: number): Pieces {
  return [varint((field << 3) | 1), doubles([value])];
}

/** A 32-bit float field. */
export function floatField(field: number, value: number): Pieces {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [varint((field << 3) | 5), bytes];
}

/** Repeated 64-bit floats, packed. */
export function doublesField(field: number, values: readonly number[]): Pieces {
  return messageField(field, [doubles(values)]);
}

/** A length-delimited field: a message or bytes, given as pieces that are not copied. */
export function messageField(field: number, pieces: Pieces): Pieces {
  return [varint((field << 3) | 2), varint(byteCount(pieces)), ...pieces];
}

/** A string field in UTF-8. */
export function stringField(field: number, value: string): Pieces {
  return messageField(field, [encoder.encode(value)]);
}

function doubles(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat64(8 * index, value, true);
  return bytes;
}
