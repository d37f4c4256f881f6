import { type FileHandle, open } from 'node:fs/promises';

const BLOCK_BYTES = 256 * 1024;

/** Whole lines of a text file, and where the last of them ends. */
export interface LineBlock {
  readonly lines: readonly string[];
  readonly end: number;
}

/**
 * The lines of an append-only text file, block by block, from a byte on; a last line that has no end yet is left for another time. A file that is
 * missing has none.
 *
 * @example
 * for await (const { lines } of lineBlocks('features/fingerprints.txt')) for (const line of lines) remember(line);
 */
export async function* lineBlocks(path: string, from = 0): AsyncGenerator<LineBlock, void, undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let position = from; ; ) {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const bytes = Buffer.concat([rest, block.subarray(0, bytesRead)]);
      const last = bytes.lastIndexOf(0x0a);
      rest = bytes.subarray(last + 1);
      if (last >= 0) yield { lines: bytes.toString('utf8', 0, last).split('\n'), end: position - rest.length };
    }
  } finally {
    await file.close();
  }
}
