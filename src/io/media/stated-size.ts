import { open } from 'node:fs/promises';

/** A file's bytes by position: `length` of them, or fewer at its end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** Sizes that writers leave in a header that they could not go back to; they mean nothing. */
const UNKNOWN_SIZES = [0, 0x7fffffff, 0xffffffff];
const MAXIMUM_CHUNKS = 1000;

/** Opens a file for positioned reads for as long as `use` runs. */
export async function withReadAt<T>(path: string, use: (readAt: ReadAt) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r');
  try {
    return await use(async (position, length) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    });
  } finally {
    await handle.close();
  }
}

/**
 * The number of bytes that a file should have according to its own header, for formats whose header
 * states it and whose demuxers do not check: WAV, AVI, CAF, AIFF, VOC, MP3 with a Xing header;
 * infinity for a GIF without its trailer. Undefined for others, and if the writer did not know (0
 * or 0xFFFFFFFF in a stream).
 *
 * @example
 * async function isCut(head: Uint8Array, bytes: number, readAt: ReadAt): Promise<boolean> {
 *   const stated = await statedSize(head, bytes, readAt);
 *   return stated !== undefined && stated > bytes;
 * }
 */
export async function statedSize(head: Uint8Array, bytes: number, readAt: ReadAt): Promise<number | undefined> {
  const start = Buffer.from(head.subarray(0, 12)).toString('latin1');
  if (/^(RIFF|RIFX|RF64|BW64)....WAVE/s.test(start)) return endOfWave(start, readAt);
  if (/^RIFF....AVI /s.test(start)) return endOfAvi(readAt);
  if (/^FORM....AIF[FC]/s.test(start)) return known(Buffer.from(head).readUInt32BE(4), 8);
  if (start.startsWith('caff')) return endOfCaf(readAt);
  if (start.startsWith('Creative Voi')) return endOfVoc(head, bytes, readAt);
  if (start.startsWith('ID3') || (head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0))
    return endOfMp3(head, bytes, readAt);
  if (start.startsWith('GIF8')) return (await endsInTrailer(bytes, readAt)) ? bytes : Number.POSITIVE_INFINITY;
  return undefined;
}

/**
 * After any tags, the first frame of an MP3 by a careful encoder holds no audio but the byte count
 * of all frames. A hundredth may be missing: editors that cut by frames leave that number
 * unchanged.
 */
async function endOfMp3(head: Uint8Array, bytes: number, readAt: ReadAt): Promise<number | undefined> {
  const first = tagLength(head) ?? 0;
  const frame = await readAt(first, 256);
  const header = Math.max(frame.indexOf('Xing'), frame.indexOf('Info'));
  if (header < 0 || header + 16 > frame.length) return undefined;
  const flags = frame.readUInt32BE(header + 4);
  if ((flags & 2) === 0) return undefined;
  const stated = frame.readUInt32BE(header + ((flags & 1) === 0 ? 8 : 12));
  return first + 0.99 * stated > bytes ? first + stated : bytes;
}

/** Bytes of the ID3v2 tag that begins here, including header and footer; undefined if none does. */
export function tagLength(head: Uint8Array): number | undefined {
  const [i, d, three, , , flags = 0, a = 0, b = 0, c = 0, e = 0] = head;
  if (head.length < 10 || i !== 0x49 || d !== 0x44 || three !== 0x33) return undefined;
  return 10 + (a << 21) + (b << 14) + (c << 7) + e + ((flags & 0x10) === 0 ? 0 : 10);
}

/** A GIF ends with its trailer, which some writers follow with zeros. */
async function endsInTrailer(bytes: number, readAt: ReadAt): Promise<boolean> {
  const tail = await readAt(Math.max(0, bytes - 64), 64);
  return tail.findLast((byte) => byte !== 0) === 0x3b;
}

function known(size: number, from: number): number | undefined {
  return UNKNOWN_SIZES.includes(size) || (size >= 0x7ffff000 && size <= 0x7fffffff) || size >= 0xfffff000
    ? undefined
    : from + size;
}

async function endOfWave(start: string, readAt: ReadAt): Promise<number | undefined> {
  const big = start.startsWith('RIFX');
  const wide = /^(RF64|BW64)/.test(start);
  let wideData: number | undefined;
  let position = 12;
  for (let count = 0; count < MAXIMUM_CHUNKS; count += 1) {
    const header = await readAt(position, 24);
    if (header.length < 8) return undefined;
    const name = header.toString('latin1', 0, 4);
    const size = big ? header.readUInt32BE(4) : header.readUInt32LE(4);
    if (name === 'ds64' && header.length >= 24) wideData = Number(header.readBigUInt64LE(16));
    if (name === 'data') return wide && wideData ? position + 8 + wideData : known(size, position + 8);
    position += 8 + size + (size % 2);
  }
  return undefined;
}

/**
 * The end of an AVI's list `movi`, which holds its video and audio; the index after it is not
 * needed.
 */
async function endOfAvi(readAt: ReadAt): Promise<number | undefined> {
  let position = 12;
  for (let count = 0; count < MAXIMUM_CHUNKS; count += 1) {
    const header = await readAt(position, 12);
    if (header.length < 8) return undefined;
    const size = header.readUInt32LE(4);
    if (/^LIST....movi/s.test(header.toString('latin1'))) return known(size, position + 8);
    position += 8 + size + (size % 2);
  }
  return undefined;
}

async function endOfCaf(readAt: ReadAt): Promise<number | undefined> {
  let position = 8;
  for (let count = 0; count < MAXIMUM_CHUNKS; count += 1) {
    const header = await readAt(position, 12);
    if (header.length < 12) return undefined;
    const size = Number(header.readBigInt64BE(4));
    if (size < 0) return undefined;
    if (header.toString('latin1', 0, 4) === 'data') return position + 12 + size;
    position += 12 + size;
  }
  return undefined;
}

/** Blocks of a type byte and a size of three bytes, until one of type 0 or the end of the file. */
async function endOfVoc(head: Uint8Array, bytes: number, readAt: ReadAt): Promise<number | undefined> {
  let position = head.length < 22 ? bytes : Buffer.from(head).readUInt16LE(20);
  for (let count = 0; count < MAXIMUM_CHUNKS && position < bytes; count += 1) {
    const header = await readAt(position, 4);
    if (header.length < 4 || header[0] === 0) return bytes;
    position += 4 + header.readUIntLE(1, 3);
  }
  return position;
}
