import * as zlib from 'node:zlib';
import { Decompress, decompress } from 'fzstd';

const MAGIC = 0xfd2fb528;
const SINGLE_SEGMENT = 0x20;

/** Node has a built-in decoder from version 22.15. */
const native = (
  zlib as {
    readonly zstdDecompressSync?: ((bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer) | undefined;
  }
).zstdDecompressSync;

/**
 * Unpacks a Zstandard frame (RFC 8878). The bytes are not trusted.
 *
 * @param into must have the unpacked length
 * @throws an error when the frame is damaged, or unpacks to a different length.
 */
export function unpackZstdFrame(frame: Uint8Array, into: Uint8Array): void {
  if (native !== undefined) {
    const bytes = native(frame, { maxOutputLength: Math.max(1, into.length) });
    if (bytes.length !== into.length) throw wrongLength(bytes.length, into.length);
    into.set(bytes);
    return;
  }
  const stated = statedSize(frame);
  if (stated !== undefined) {
    if (stated !== into.length) throw wrongLength(stated, into.length);
    // Directly into the existing memory.
    decompress(frame, into);
    return;
  }
  let filled = 0;
  const unpacking = new Decompress((bytes) => {
    if (filled + bytes.length > into.length) throw wrongLength(filled + bytes.length, into.length);
    into.set(bytes, filled);
    filled += bytes.length;
  });
  unpacking.push(frame, true);
  if (filled !== into.length) throw wrongLength(filled, into.length);
}

/** The size that a frame states; undefined if it does not. */
function statedSize(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('a buffer is not a frame of Zstandard');
  const flags = view.getUint8(4);
  const single = (flags & SINGLE_SEGMENT) !== 0;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][flags & 3] as number);
  switch (flags >> 6) {
    case 0:
      return single ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

function wrongLength(found: number, expected: number): RangeError {
  return new RangeError(`a frame of Zstandard has ${found} bytes where ${expected} should be`);
}
