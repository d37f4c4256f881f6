import type { FileHandle } from 'node:fs/promises';
import { AskedOnce } from '../../core/asked-once.ts';
import type { BufferFacts, Codec } from './arrow-message.ts';
import { unpackLz4Frame } from './lz4-frame.ts';
import { readAt } from './table-files.ts';
import { unpackZstdFrame } from './zstd-frame.ts';

/** Where the body of a record batch is. */
export interface BodyPlace {
  readonly handle: FileHandle;
  readonly path: string;
  readonly position: number;
}

/** The buffers of a record batch, read on demand. */
export interface ArrowBody {
  /** Unpacked length of a buffer. */
  size(buffer: BufferFacts): Promise<number>;
  /**
   * Some bytes of a buffer, in their own memory or with the buffer's alignment.
   * @throws RangeError beyond its end.
   */
  read(buffer: BufferFacts, start: number, length: number): Promise<Uint8Array>;
}

/** A packed buffer is preceded by its unpacked length; this value means that it is not packed. */
const NOT_PACKED = -1n;
const PREFIX_BYTES = 8;

/**
 * Buffers that are stored unpacked: only what is requested is read, so a batch may have any size.
 */
export function plainBody({ handle, path, position }: BodyPlace): ArrowBody {
  return {
    size: async ({ length }) => length,
    async read({ offset, length }, start, bytes) {
      checkRange(start, bytes, length);
      const { buffer, byteOffset } = await readAt(handle, position + offset + start, bytes, path);
      return new Uint8Array(buffer, byteOffset, bytes);
    },
  };
}

/**
 * Buffers that are packed one by one: each is unpacked as a whole on first use, and kept.
 *
 * @param most the maximum bytes that they may unpack to together
 */
export function packedBody({ handle, path, position }: BodyPlace, codec: Codec, most: number): ArrowBody {
  const unpacked = new AskedOnce<Uint8Array, number>();
  let total = 0;
  const unpack = async ({ offset, length }: BufferFacts): Promise<Uint8Array> => {
    if (length === 0) return new Uint8Array(0);
    const bytes = await readAt(handle, position + offset, length, path);
    if (length < PREFIX_BYTES) throw new RangeError(`a compressed buffer has ${length} bytes`);
    const size = bytes.readBigInt64LE(0);
    if (size === NOT_PACKED)
      return new Uint8Array(bytes.buffer, bytes.byteOffset + PREFIX_BYTES, length - PREFIX_BYTES);
    const together = total + Number(size);
    if (size < 0n || together > most)
      throw new RangeError(`its buffers unpack to ${together} bytes, more than ${most}`);
    const into = new Uint8Array(Number(size));
    const frame = bytes.subarray(PREFIX_BYTES);
    if (codec === 'lz4') unpackLz4Frame(frame, into);
    else unpackZstdFrame(frame, into);
    total = together;
    return into;
  };
  const whole = (buffer: BufferFacts): Promise<Uint8Array> =>
    buffer.length === 0 ? unpack(buffer) : unpacked.ask(() => unpack(buffer), buffer.offset);
  return {
    size: async (buffer) => (await whole(buffer)).length,
    async read(buffer, start, length) {
      const bytes = await whole(buffer);
      checkRange(start, length, bytes.length);
      return bytes.subarray(start, start + length);
    },
  };
}

function checkRange(start: number, length: number, available: number): void {
  if (start < 0 || length < 0 || start + length > available) {
    throw new RangeError(`a buffer has ${available} bytes where ${start + length} are needed`);
  }
}
