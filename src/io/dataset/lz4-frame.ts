const MAGIC = 0x184d2204;
const VERSION = 1;
/** Bits of the frame's first flags. */
const [HAS_BLOCK_CHECKSUMS, HAS_SIZE, HAS_CHECKSUM, HAS_DICTIONARY] = [0x10, 0x08, 0x04, 0x01];
/** Bit of a block's length: the block is stored uncompressed. */
const STORED = 0x80000000;
const MIN_MATCH = 4;

/**
 * Unpacks an LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), the default
 * packing of Arrow's buffers. The bytes are not trusted; checksums are skipped.
 *
 * @param into must have the unpacked length
 * @throws RangeError when the frame is damaged, or unpacks to a different length.
 */
export function unpackLz4Frame(frame: Uint8Array, into: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = view.getUint8(4);
  if (view.getUint32(0, true) !== MAGIC || flags >> 6 !== VERSION) throw new RangeError('a buffer is not an LZ4 frame');
  if (flags & HAS_DICTIONARY) throw new RangeError('an LZ4 frame needs a dictionary');
  // The magic, two bytes of flags, the size, one byte of header checksum.
  let at = 4 + 2 + (flags & HAS_SIZE ? 8 : 0) + 1;
  let filled = 0;
  for (;;) {
    const length = view.getUint32(at, true);
    at += 4;
    if (length === 0) break;
    const bytes = length % STORED;
    if (at + bytes > frame.length) throw new RangeError('an LZ4 frame is cut off');
    const block = frame.subarray(at, at + bytes);
    if (length >= STORED) {
      if (filled + bytes > into.length) throw tooLong();
      into.set(block, filled);
      filled += bytes;
    } else filled = unpackBlock(block, into, filled);
    at += bytes + (flags & HAS_BLOCK_CHECKSUMS ? 4 : 0);
  }
  if (flags & HAS_CHECKSUM && at + 4 > frame.length) throw new RangeError('an LZ4 frame is cut off');
  if (filled !== into.length) throw new RangeError(`an LZ4 frame has ${filled} bytes where ${into.length} should be`);
}

/**
 * Appends an unpacked block to the existing output, which it may refer to. Returns where it ends.
 */
function unpackBlock(block: Uint8Array, into: Uint8Array, start: number): number {
  let [at, filled] = [0, start];
  /** A length that continues in further bytes if its four bits are all set. */
  const length = (bits: number): number => {
    let value = bits;
    let byte = bits === 15 ? 255 : 0;
    while (byte === 255) {
      byte = byteAt(block, at);
      at += 1;
      value += byte;
    }
    return value;
  };
  while (at < block.length) {
    const token = byteAt(block, at);
    at += 1;
    const literals = length(token >> 4);
    if (at + literals > block.length) throw new RangeError('an LZ4 block is cut off');
    if (filled + literals > into.length) throw tooLong();
    into.set(block.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    // The last sequence has only literals.
    if (at === block.length) break;
    const distance = byteAt(block, at) | (byteAt(block, at + 1) << 8);
    at += 2;
    const match = length(token & 15) + MIN_MATCH;
    if (distance === 0 || distance > filled) throw new RangeError('an LZ4 block refers to before its beginning');
    if (filled + match > into.length) throw tooLong();
    const end = filled + match;
    // A match may overlap its own output, in which case it repeats itself.
    if (distance >= match) into.copyWithin(filled, filled - distance, filled - distance + match);
    else for (let to = filled; to < end; to += 1) into[to] = into[to - distance] as number;
    filled = end;
  }
  return filled;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('an LZ4 block is cut off');
  return byte;
}

function tooLong(): RangeError {
  return new RangeError('an LZ4 frame has more bytes than it says');
}
