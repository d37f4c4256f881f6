import { type FileHandle, open } from 'node:fs/promises';

const BLOCK_BYTES = 256 * 1024;

/**
 * Calls `take` with every line of an append-only text file, from a byte on, as a part of a buffer that is used again: what is to be kept of it is to be copied. A last line
 * that has no end yet is left for another time. A file that is missing has none. The event loop turns after every 256 KiB.
 *
 * @returns where the last line ends.
 *
 * @example
 * const end = await eachLine('features/fingerprints.txt', 0, (bytes, start, end) => remember(bytes.toString('latin1', start, end)));
 */
export async function eachLine(
  path: string,
  from: number,
  take: (bytes: Buffer, start: number, end: number) => void,
): Promise<number> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return from;
    throw error;
  }
  try {
    let bytes = Buffer.allocUnsafe(BLOCK_BYTES);
    /** Bytes of a line that has no end yet. */
    let kept = 0;
    for (let position = from; ; ) {
      if (kept === bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
      const { bytesRead } = await file.read(bytes, kept, bytes.length - kept, position);
      if (bytesRead === 0) return position - kept;
      position += bytesRead;
      const filled = kept + bytesRead;
      let start = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0 && end < filled; end = bytes.indexOf(0x0a, start)) {
        take(bytes, start, end);
        start = end + 1;
      }
      bytes.copyWithin(0, start, filled);
      kept = filled - start;
    }
  } finally {
    await file.close();
  }
}
