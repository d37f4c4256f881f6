import { open } from 'node:fs/promises';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { fileFault } from './bad-lines.ts';
import { decodeText } from './fields.ts';

/** Lists of movies and trailers have a few megabytes; a file beyond this is something else. */
const MAX_BYTES = 512 * 2 ** 20;

/**
 * Reads the text of a small file: as UTF-16 if a byte-order mark says so, as UTF-8 if all of it is
 * valid, else as latin-1 (like MovieLens 100K and 1M), without a byte-order mark.
 *
 * @throws UsageError `ratings` when it cannot be read, is empty or has more than 512 MiB,
 * `object-store` for an address.
 */
export async function readText(path: string): Promise<string> {
  const text = await readAnyText(path);
  if (text.trim() === '') throw fileFault(path, 'is empty');
  return text;
}

/** The same for a text that may be empty. */
export async function readAnyText(path: string): Promise<string> {
  refuseAddress(path);
  let bytes: Buffer;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    throw fileFault(path, `cannot be read: ${wordsOf(error)}`);
  }
  return decoded(bytes).replace(/^\ufeff/, '');
}

function decoded(bytes: Buffer): string {
  const mark = bytes.toString('latin1', 0, 2);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
  if (mark === '\xff\xfe') return whole.toString('utf16le');
  if (mark === '\xfe\xff') return whole.swap16().toString('utf16le');
  return decodeText(bytes, 0, bytes.length);
}

/** Reads at most `MAX_BYTES`, even from a pipe, whose size is not known in advance. */
async function readBounded(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, more than the ${MAX_BYTES} allowed`);
    const pieces: Buffer[] = [];
    let read = 0;
    for await (const piece of file.createReadStream({ autoClose: false })) {
      read += piece.length;
      if (read > MAX_BYTES) throw new Error(`it has more than the ${MAX_BYTES} bytes allowed`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    await file.close();
  }
}
