import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ModelError } from '../../core/errors.ts';

/** Encoded bytes as a list of pieces, so that large ones are never copied to be joined. */
export type Pieces = readonly Uint8Array[];

const encoder = new TextEncoder();

/** How many bytes the pieces are together. */
export function byteCount(pieces: Pieces): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

/** A protobuf base-128 varint of a signed or unsigned 64-bit integer (negative ones as two's complement). */
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

/** A varint field: number, then value. */
export function integerField(field: number, value: number | bigint): Pieces {
  return [varint(field << 3), varint(value)];
}

/** A 32-bit float field. */
export function floatField(field: number, value: number): Pieces {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [varint((field << 3) | 5), bytes];
}

/** A length-delimited field: a message or bytes, given as pieces that are kept as they are. */
export function messageField(field: number, pieces: Pieces): Pieces {
  return [varint((field << 3) | 2), varint(byteCount(pieces)), ...pieces];
}

/** A string field in UTF-8. */
export function stringField(field: number, value: string): Pieces {
  return messageField(field, [encoder.encode(value)]);
}

/** A region of a file that holds one field's content. */
export interface FieldRange {
  readonly field: number;
  readonly wire: number;
  /** Content position in the file, in bytes. */
  readonly start: number;
  readonly end: number;
  /** The value of a varint field. */
  readonly value: bigint;
}

const windowBytes = 1 << 16;
const pathRemedy = 'Give the path of an ONNX file.';

/**
 * Reads protobuf fields of a file by position, a window of 64 KiB at a time: large fields are skipped, never loaded.
 * Every length is checked against the region it lies in, so a hostile file can neither loop nor allocate.
 */
export class ProtobufFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #window = new Uint8Array(windowBytes);
  #windowStart = 0;
  #windowEnd = 0;

  constructor(readonly path: string) {
    try {
      // Asked before opening: opening a named pipe would wait for its writer.
      if (!statSync(path).isFile()) throw new ModelError('weights', `${path} is not a file`, { remedy: pathRemedy });
      this.#descriptor = openSync(path, 'r');
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError('weights', `${path} cannot be read: ${(error as Error).message}`, {
        remedy: pathRemedy,
        cause: error,
      });
    }
    this.size = fstatSync(this.#descriptor).size;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** The bytes from `start` to `end`, copied. At most `limit`. */
  bytes(start: number, end: number, limit: number): Uint8Array {
    if (end - start > limit) {
      throw this.broken(start, `a field of ${end - start} bytes where at most ${limit} are expected`);
    }
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    while (filled < bytes.byteLength) {
      const count = readSync(this.#descriptor, bytes, filled, bytes.byteLength - filled, start + filled);
      if (count === 0) throw this.broken(start + filled, 'the file ends in the middle of a field');
      filled += count;
    }
    return bytes;
  }

  /** The bytes as UTF-8 text. */
  text(range: FieldRange): string {
    return new TextDecoder().decode(this.bytes(range.start, range.end, 4096));
  }

  /** The fields between `start` and `end`, in file order. At most `limit` of them. */
  *fields(start: number, end: number, limit = 1_000_000): Generator<FieldRange> {
    let position = start;
    for (let count = 0; position < end; count++) {
      if (count >= limit) throw this.broken(position, `more than ${limit} fields in one message`);
      const [key, afterKey] = this.#varint(position, end);
      const field = Number(key >> 3n);
      const wire = Number(key & 7n);
      let contentStart = afterKey;
      let contentEnd = afterKey;
      let value = 0n;
      if (field === 0) throw this.broken(position, 'a field numbered 0');
      if (wire === 0) {
        [value, contentEnd] = this.#varint(afterKey, end);
      } else if (wire === 1) {
        contentEnd = afterKey + 8;
      } else if (wire === 5) {
        contentEnd = afterKey + 4;
      } else if (wire === 2) {
        const [length, afterLength] = this.#varint(afterKey, end);
        if (length > BigInt(end - afterLength)) {
          throw this.broken(position, `a field of ${length} bytes where ${end - afterLength} are left`);
        }
        contentStart = afterLength;
        contentEnd = afterLength + Number(length);
      } else {
        throw this.broken(position, `wire type ${wire}`);
      }
      if (contentEnd > end) throw this.broken(position, 'a field that leaves its message');
      yield { field, wire, start: contentStart, end: contentEnd, value };
      position = contentEnd;
    }
  }

  /** Dimensions in a repeated field of integers, packed or not: what no size can be is refused. */
  integers(range: FieldRange, limit = 64): number[] {
    return this.numbers(range, limit).map((value) => {
      if (!Number.isSafeInteger(value)) throw this.broken(range.start, `a dimension of ${BigInt(value)}`);
      return value;
    });
  }

  /** Integers of a repeated field, packed or not, as the nearest numbers: 2^63 - 1 is how exporters write 'to the end'. */
  numbers(range: FieldRange, limit: number): number[] {
    if (range.wire === 0) return [Number(BigInt.asIntN(64, range.value))];
    if (range.wire !== 2) throw this.broken(range.start, `integers of wire type ${range.wire}`);
    const values: number[] = [];
    let position = range.start;
    while (position < range.end) {
      if (values.length >= limit) throw this.broken(position, `more than ${limit} integers`);
      const [value, after] = this.#varint(position, range.end);
      values.push(Number(BigInt.asIntN(64, value)));
      position = after;
    }
    return values;
  }

  /** 32-bit floats of a repeated field, packed or not. */
  floats(range: FieldRange, limit: number): number[] {
    const bytes = this.bytes(range.start, range.end, 4 * limit);
    const view = new DataView(bytes.buffer);
    return Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) => view.getFloat32(4 * index, true));
  }

  /** A typed error that says where the file stops making sense. */
  broken(position: number, what: string): ModelError {
    return new ModelError(
      'weights',
      `${this.path} is not a valid ONNX file: ${what} (byte ${position} of ${this.size})`,
      {
        remedy: 'Check that the file is a complete ONNX model; compare its SHA-256 with the source.',
      },
    );
  }

  #byte(position: number): number {
    if (position < this.#windowStart || position >= this.#windowEnd) {
      const count = readSync(this.#descriptor, this.#window, 0, windowBytes, position);
      this.#windowStart = position;
      this.#windowEnd = position + count;
      if (count === 0) throw this.broken(position, 'the file ends in the middle of a field');
    }
    return this.#window[position - this.#windowStart] as number;
  }

  #varint(start: number, end: number): [bigint, number] {
    let value = 0n;
    for (let index = 0; index < 10; index++) {
      const position = start + index;
      if (position >= end) throw this.broken(start, 'an integer cut off by the end of its message');
      const byte = this.#byte(position);
      value |= BigInt(byte & 127) << BigInt(7 * index);
      if (byte < 128) return [BigInt.asUintN(64, value), position + 1];
    }
    throw this.broken(start, 'an integer of more than 10 bytes');
  }
}
