import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { ModelError } from '../../core/errors.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { type FieldRange, ProtobufFault, protobufFields, readVarint } from '../../core/protobuf-reader.ts';
import { fillSync } from '../../core/whole-io.ts';
import { wordsOf } from '../../core/words-of.ts';

const windowBytes = 1 << 16;
const pathRemedy = 'Give the path of an ONNX file.';

/**
 * Reads protobuf fields of a file by position, a window of 64 KiB at a time: large fields are
 * skipped, never loaded. Every length is checked against the region it lies in, so a hostile file
 * can neither loop nor allocate.
 */
export class ProtobufFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #window = new Uint8Array(windowBytes);
  #windowStart = 0;
  #windowEnd = 0;

  constructor(readonly path: string) {
    refuseAddress(path);
    try {
      // Checked before opening: opening a named pipe would wait for its writer.
      if (!statSync(path).isFile()) throw new ModelError('weights', `${path} is not a file`, { remedy: pathRemedy });
      this.#descriptor = openSync(path, 'r');
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError('weights', `${path} cannot be read: ${wordsOf(error)}`, {
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
    const filled = fillSync(this.#descriptor, bytes, start);
    if (filled < bytes.byteLength) throw this.broken(start + filled, 'the file ends in the middle of a field');
    return bytes;
  }

  /** The bytes as UTF-8 text. */
  text(range: FieldRange): string {
    return new TextDecoder().decode(this.bytes(range.start, range.end, 4096));
  }

  /** The fields between `start` and `end`, in file order. At most `limit` of them. */
  *fields(start: number, end: number, limit?: number): Generator<FieldRange> {
    try {
      yield* protobufFields(this.#byteAt, start, end, limit);
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /** Dimensions in a repeated field of integers, packed or not; impossible sizes are refused. */
  integers(range: FieldRange, limit = 64): number[] {
    return this.numbers(range, limit).map((value) => {
      if (!Number.isSafeInteger(value)) throw this.broken(range.start, `a dimension of ${BigInt(value)}`);
      return value;
    });
  }

  /**
   * Integers of a repeated field, packed or not, as the nearest numbers: exporters write 2^63 - 1
   * for 'to the end'.
   */
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

  readonly #byteAt = (position: number): number => {
    if (position < this.#windowStart || position >= this.#windowEnd) {
      const count = readSync(this.#descriptor, this.#window, 0, windowBytes, position);
      this.#windowStart = position;
      this.#windowEnd = position + count;
      if (count === 0) throw this.broken(position, 'the file ends in the middle of a field');
    }
    return this.#window[position - this.#windowStart] as number;
  };

  #varint(start: number, end: number): [bigint, number] {
    try {
      return readVarint(this.#byteAt, start, end);
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #fault(error: unknown): unknown {
    return error instanceof ProtobufFault ? this.broken(error.position, error.what) : error;
  }
}
