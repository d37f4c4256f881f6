/** Writes protobuf fields: those that an event needs (https://protobuf.dev/programming-guides/encoding). */

const encoder = new TextEncoder();

/** A base-128 varint of an integer of at least 0. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

/** An integer of at least 0. */
export function integerField(field: number, value: number): Uint8Array {
  return joined([varint(field << 3), varint(value)]);
}

/** A 64-bit float. */
export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return joined([varint((field << 3) | 1), bytes]);
}

/** A 32-bit float. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joined([varint((field << 3) | 5), bytes]);
}

/** Repeated 64-bit floats, packed. */
export function doublesField(field: number, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat64(8 * index, value, true);
  return messageField(field, [bytes]);
}

/** A text in UTF-8. */
export function textField(field: number, text: string): Uint8Array {
  return messageField(field, [encoder.encode(text)]);
}

/** A message of fields. */
export function messageField(field: number, content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return joined([varint((field << 3) | 2), varint(length), ...content]);
}

/** Pieces end to end. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.byteLength;
  }
  return bytes;
}
