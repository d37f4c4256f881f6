/** One field of a protobuf message, and where its content is. */
export interface FieldRange {
  readonly field: number;
  readonly wire: number;
  /** Position of the content, in bytes; for a varint field, of its encoded value. */
  readonly start: number;
  readonly end: number;
  /** The value of a varint field. */
  readonly value: bigint;
}

/** An invalid encoding, and the byte at which it becomes invalid. */
export class ProtobufFault extends RangeError {
  constructor(
    readonly position: number,
    readonly what: string,
  ) {
    super(`${what} (byte ${position})`);
  }
}

/** The byte at a position. */
export type ByteAt = (position: number) => number;

/**
 * The fields of a message in order, without their contents: large ones are skipped, never loaded.
 * Every length is checked against the enclosing region, so a hostile message can neither loop nor
 * allocate.
 *
 * @param limit - maximum number of fields in the message.
 * @throws ProtobufFault
 *
 * @example
 * const bytes = Uint8Array.of(8, 150, 1);
 * for (const { field, start, end } of protobufFields((at) => bytes[at] as number, 0, bytes.length)) {
 *   console.log(field, start, end);
 * }
 */
export function* protobufFields(byteAt: ByteAt, start: number, end: number, limit = 1_000_000): Generator<FieldRange> {
  let position = start;
  for (let count = 0; position < end; count++) {
    if (count >= limit) throw new ProtobufFault(position, `more than ${limit} fields in one message`);
    const [key, afterKey] = readVarint(byteAt, position, end);
    const field = Number(key >> 3n);
    const wire = Number(key & 7n);
    let contentStart = afterKey;
    let contentEnd = afterKey;
    let value = 0n;
    if (field === 0) throw new ProtobufFault(position, 'a field numbered 0');
    if (wire === 0) {
      [value, contentEnd] = readVarint(byteAt, afterKey, end);
    } else if (wire === 1) {
      contentEnd = afterKey + 8;
    } else if (wire === 5) {
      contentEnd = afterKey + 4;
    } else if (wire === 2) {
      const [length, afterLength] = readVarint(byteAt, afterKey, end);
      if (length > BigInt(end - afterLength)) {
        throw new ProtobufFault(position, `a field of ${length} bytes where ${end - afterLength} are left`);
      }
      contentStart = afterLength;
      contentEnd = afterLength + Number(length);
    } else {
      throw new ProtobufFault(position, `wire type ${wire}`);
    }
    if (contentEnd > end) throw new ProtobufFault(position, 'a field that leaves its message');
    yield { field, wire, start: contentStart, end: contentEnd, value };
    position = contentEnd;
  }
}

/** An unsigned 64-bit varint and the position after it. @throws ProtobufFault */
export function readVarint(byteAt: ByteAt, start: number, end: number): [bigint, number] {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const position = start + index;
    if (position >= end) throw new ProtobufFault(start, 'an integer cut off by the end of its message');
    const byte = byteAt(position);
    value |= BigInt(byte & 127) << BigInt(7 * index);
    if (byte < 128) return [BigInt.asUintN(64, value), position + 1];
  }
  throw new ProtobufFault(start, 'an integer of more than 10 bytes');
}
