import type { Refuse, SourceFile } from './source-file.ts';

const directoryLimit = 16 * 1024 * 1024;
const entryLimit = 100_000;
const nameLimit = 1024;
/** The end record has 22 bytes and a comment of at most 65,535. */
const endBytes = 22;
const allOnes = 0xffffffff;

/** One entry of a zip archive's central directory. */
export interface ZipRecord {
  readonly name: string;
  readonly deflated: boolean;
  readonly crc32: number;
  /** Bytes in the archive. */
  readonly storedBytes: number;
  readonly byteLength: number;
  /** Position of its local header. */
  readonly headerStart: number;
}

/** The position of an archive's central directory. */
export interface ZipDirectory {
  readonly start: number;
  readonly records: readonly ZipRecord[];
}

/**
 * Reads the central directory of a zip archive, including zip64. Every position and count is
 * checked against the file before anything is read from it.
 *
 * @throws ModelError `weights` if there is none, it does not match the file, an entry is encrypted
 * or compressed by a method other than deflate, or two entries have the same name.
 */
export function readZipDirectory(file: SourceFile): ZipDirectory {
  const broken: Refuse = (what, options) => file.refuse(`is not a valid zip archive: ${what}`, options);
  const { count, bytes, start, end } = findDirectory(file, broken);
  if (start + bytes > end || bytes > directoryLimit || count > entryLimit || count * 46 > bytes) {
    throw broken(`its directory claims ${count} entries in ${bytes} bytes from byte ${start}, where ${end} are there`);
  }
  const directory = file.bytes(start, bytes);
  const view = new DataView(directory.buffer);
  const records: ZipRecord[] = [];
  const names = new Set<string>();
  let position = 0;
  for (let index = 0; index < count; index++) {
    if (position + 46 > bytes || view.getUint32(position, true) !== 0x02014b50) {
      throw broken(`entry ${index} of ${count} is missing from its directory`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => view.getUint16(position + at, true)) as [
      number,
      number,
      number,
    ];
    const next = position + 46 + nameBytes + extraBytes + commentBytes;
    if (next > bytes || nameBytes > nameLimit) throw broken(`entry ${index} has a name of ${nameBytes} bytes`);
    const name = decodeName(directory.subarray(position + 46, position + 46 + nameBytes), broken);
    if (names.has(name)) throw broken(`it has two entries '${name}'`);
    names.add(name);
    records.push(readRecord(name, view, position, { start: position + 46 + nameBytes, bytes: extraBytes }, broken));
    position = next;
  }
  return { start, records };
}

interface Extra {
  readonly start: number;
  readonly bytes: number;
}

function readRecord(name: string, view: DataView, position: number, extra: Extra, broken: Refuse): ZipRecord {
  const flags = view.getUint16(position + 8, true);
  const method = view.getUint16(position + 10, true);
  if (flags & 1) throw broken(`entry '${name}' is encrypted`, { remedy: 'Give an archive without a password.' });
  if (method !== 0 && method !== 8) {
    throw broken(`entry '${name}' is compressed by method ${method}`, { remedy: 'Store or deflate its entries.' });
  }
  const sizes = wideSizes(name, view, position, extra, broken);
  const { byteLength, storedBytes } = sizes;
  const deflated = method === 8;
  // Deflate cannot expand more than 1032 times, so a larger claim is false.
  if (deflated ? byteLength > storedBytes * 1032 + 1032 : byteLength !== storedBytes) {
    throw broken(`entry '${name}' claims ${byteLength} bytes out of ${storedBytes}`);
  }
  return { name, deflated, crc32: view.getUint32(position + 16, true), ...sizes };
}

/**
 * Sizes and position of an entry: 32-bit fields, or 64-bit ones in its zip64 extra field if those
 * are all ones.
 */
function wideSizes(
  name: string,
  view: DataView,
  position: number,
  extra: Extra,
  broken: Refuse,
): Pick<ZipRecord, 'byteLength' | 'storedBytes' | 'headerStart'> {
  const narrow = [24, 20, 42].map((at) => view.getUint32(position + at, true));
  const end = extra.start + extra.bytes;
  let wide = { start: end, end };
  for (let at = extra.start; at + 4 <= end; ) {
    const length = view.getUint16(at + 2, true);
    if (at + 4 + length > end) throw broken(`entry '${name}' has an extra field that is cut off`);
    if (view.getUint16(at, true) === 1) wide = { start: at + 4, end: at + 4 + length };
    at += 4 + length;
  }
  const [byteLength, storedBytes, headerStart] = narrow.map((value) => {
    if (value !== allOnes) return value;
    if (wide.start + 8 > wide.end) throw broken(`entry '${name}' lacks its 64-bit size or position`);
    const large = safe(view.getBigUint64(wide.start, true), broken);
    wide.start += 8;
    return large;
  }) as [number, number, number];
  return { byteLength, storedBytes, headerStart };
}

function findDirectory(file: SourceFile, broken: Refuse): { count: number; bytes: number; start: number; end: number } {
  const tailBytes = Math.min(file.byteLength, endBytes + 0xffff);
  const tailStart = file.byteLength - tailBytes;
  const tail = file.bytes(tailStart, tailBytes);
  const view = new DataView(tail.buffer);
  for (let at = tailBytes - endBytes; at >= 0; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    if (at + endBytes + view.getUint16(at + 20, true) !== tailBytes) continue;
    const end = tailStart + at;
    const found = {
      count: view.getUint16(at + 10, true),
      bytes: view.getUint32(at + 12, true),
      start: view.getUint32(at + 16, true),
      end,
    };
    const wide = found.count === 0xffff || found.bytes === allOnes || found.start === allOnes;
    return wide ? findWideDirectory(file, end, broken) : found;
  }
  throw broken('its directory, which should be at the end, is missing', {
    remedy: 'The file is probably truncated: download it again and compare its size and SHA-256 with the source.',
  });
}

/** The zip64 end record, found through its locator right before the end record. */
function findWideDirectory(
  file: SourceFile,
  end: number,
  broken: Refuse,
): { count: number; bytes: number; start: number; end: number } {
  const locatorStart = end - 20;
  if (locatorStart < 0) throw broken('its 64-bit directory is missing');
  const locator = new DataView(file.bytes(locatorStart, 20).buffer);
  const recordStart = safe(locator.getBigUint64(8, true), broken);
  if (locator.getUint32(0, true) !== 0x07064b50 || recordStart + 56 > locatorStart) {
    throw broken('its 64-bit directory is missing');
  }
  const record = new DataView(file.bytes(recordStart, 56).buffer);
  if (record.getUint32(0, true) !== 0x06064b50) throw broken('its 64-bit directory is missing');
  const [count, bytes, start] = [32, 40, 48].map((at) => safe(record.getBigUint64(at, true), broken));
  return { count: count as number, bytes: bytes as number, start: start as number, end: recordStart };
}

function decodeName(bytes: Uint8Array, broken: Refuse): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw broken('the name of an entry is not UTF-8', { cause });
  }
}

function safe(value: bigint, broken: Refuse): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(`it claims a size or position of ${value}`);
  return Number(value);
}
