import { crc32 } from 'node:zlib';
import { Inflate } from 'fflate';
import { pieceBytes, type Refuse, type SourceFile, type WeightBytes } from './source-file.ts';
import { readZipDirectory, type ZipRecord } from './zip-directory.ts';

/** Deflated bytes expanded at a time; at most 1032 times as many come out at once. */
const inputBytes = 4096;
/** Fewer at the start, since often only a header is wanted. */
const firstInputBytes = 256;
const startBytes = 2048;
/**
 * A reader that starts this close to the start of an entry reads it from the start, so that the
 * checksum is known at the end.
 */
const prefixBytes = 1 << 16;

/** The content of a zip entry, read from the file on demand. */
export interface ZipEntry extends WeightBytes {
  readonly name: string;
}

/**
 * The entries of a zip archive by name, in the order of its directory. Each local header must agree
 * with the directory, and no two entries may share bytes, so that an archive cannot hold more than
 * its size.
 *
 * The CRC-32 of an entry is verified whenever its content is read in order from (near) its start to
 * its end, but not if only a part is read.
 *
 * @throws ModelError `weights` for a broken archive.
 */
export function readZipEntries(file: SourceFile): Map<string, ZipEntry> {
  const broken: Refuse = (what, options) => file.refuse(`is not a valid zip archive: ${what}`, options);
  const directory = readZipDirectory(file);
  const placed = directory.records.map((record) => ({ record, start: dataStart(file, record, broken) }));
  let free = 0;
  for (const { record, start } of [...placed].sort((a, b) => a.start - b.start)) {
    if (record.headerStart < free) throw broken(`entry '${record.name}' overlaps the one before`);
    free = start + record.storedBytes;
    if (free > directory.start) throw broken(`entry '${record.name}' runs into the directory`);
  }
  return new Map(
    placed.map(({ record, start }) => {
      const { name, byteLength } = record;
      const pieces = (from: number, to: number) => entryPieces(file, record, start, from, to, broken);
      return [name, { name, byteLength, pieces }];
    }),
  );
}

/** The whole content of an entry of at most `limit` bytes. */
export function entryBytes(entry: ZipEntry, limit: number, refuse: Refuse): Uint8Array {
  if (entry.byteLength > limit) {
    throw refuse(`has an entry '${entry.name}' of ${entry.byteLength} bytes, where at most ${limit} are expected`);
  }
  const pieces: Uint8Array[] = [];
  for (const piece of entry.pieces(0, entry.byteLength)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

function dataStart(file: SourceFile, record: ZipRecord, broken: Refuse): number {
  const { name, headerStart } = record;
  if (headerStart + 30 > file.byteLength) throw broken(`entry '${name}' starts at byte ${headerStart}`);
  const header = new DataView(file.bytes(headerStart, 30).buffer);
  const nameBytes = header.getUint16(26, true);
  const start = headerStart + 30 + nameBytes + header.getUint16(28, true);
  const expected = Buffer.from(name);
  const method = record.deflated ? 8 : 0;
  const same =
    header.getUint32(0, true) === 0x04034b50 &&
    header.getUint16(8, true) === method &&
    nameBytes === expected.byteLength &&
    start <= file.byteLength &&
    expected.equals(file.bytes(headerStart + 30, nameBytes));
  if (!same) throw broken(`entry '${name}' is not where its directory says (byte ${headerStart})`);
  return start;
}

function* entryPieces(
  file: SourceFile,
  record: ZipRecord,
  start: number,
  from: number,
  to: number,
  broken: Refuse,
): Generator<Uint8Array> {
  if (to <= from) return;
  const verified = to === record.byteLength && from <= prefixBytes;
  const first = record.deflated || verified ? 0 : from;
  const content = record.deflated ? inflated(file, record, start, broken) : file.pieces(start + first, start + to);
  const buffer = new Uint8Array(Math.min(pieceBytes, to - from));
  let filled = 0;
  let position = first;
  let checksum = 0;
  for (const piece of content) {
    if (verified) checksum = crc32(piece, checksum);
    const wanted = piece.subarray(Math.max(from - position, 0), Math.max(to - position, 0));
    position += piece.byteLength;
    for (let taken = 0; taken < wanted.byteLength; ) {
      const count = Math.min(buffer.byteLength - filled, wanted.byteLength - taken);
      buffer.set(wanted.subarray(taken, taken + count), filled);
      filled += count;
      taken += count;
      if (filled === buffer.byteLength) {
        yield buffer;
        filled = 0;
      }
    }
    if (position >= to && !verified) break;
  }
  if (filled > 0) yield buffer.subarray(0, filled);
  if (verified && checksum !== record.crc32) {
    throw broken(`entry '${record.name}' is damaged: its CRC-32 is not the one in the directory`);
  }
}

/**
 * Expands an entry a few kilobytes at a time; the output must be exactly as long as the directory
 * says.
 */
function* inflated(file: SourceFile, record: ZipRecord, start: number, broken: Refuse): Generator<Uint8Array> {
  const output: Uint8Array[] = [];
  const stream = new Inflate((chunk) => {
    if (chunk.byteLength > 0) output.push(chunk);
  });
  let expanded = 0;
  let given = 0;
  for (const piece of file.pieces(start, start + record.storedBytes)) {
    for (let at = 0; at < piece.byteLength; ) {
      // Copied: fflate keeps what it has not used yet, and the piece's buffer is reused.
      const chunk = piece.slice(at, at + (given < startBytes ? firstInputBytes : inputBytes));
      at += chunk.byteLength;
      given += chunk.byteLength;
      try {
        stream.push(chunk, given === record.storedBytes);
      } catch (cause) {
        throw broken(`entry '${record.name}' cannot be expanded: ${(cause as Error).message}`, { cause });
      }
      for (const part of output.splice(0)) {
        expanded += part.byteLength;
        if (expanded > record.byteLength) {
          throw broken(`entry '${record.name}' expands to more than the ${record.byteLength} bytes that it claims`);
        }
        yield part;
      }
    }
  }
  if (expanded !== record.byteLength) {
    throw broken(`entry '${record.name}' expands to ${expanded} bytes where it claims ${record.byteLength}`);
  }
}
