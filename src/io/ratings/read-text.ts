import { readFile, stat } from 'node:fs/promises';
import { fileFault } from './bad-lines.ts';
import { decodeText } from './fields.ts';

/** Lists of movies and trailers have a few megabytes; a file beyond this is something else. */
const MOST_BYTES = 512 * 2 ** 20;

/**
 * The text of a small file: UTF-8 where all of it is that, else latin-1 (as MovieLens 100K and 1M are), without a byte-order mark.
 *
 * @throws UsageError `ratings` when it cannot be read, is empty or has more than 512 MiB.
 */
export async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, more than the ${MOST_BYTES} allowed`);
    bytes = await readFile(path);
  } catch (error) {
    throw fileFault(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const text = decodeText(bytes, 0, bytes.length).replace(/^\ufeff/, '');
  if (text.trim() === '') throw fileFault(path, 'is empty');
  return text;
}
