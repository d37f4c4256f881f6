import { open } from 'node:fs/promises';

const NEWLINE = 10;
/** Bytes that are read at a time; also the longest line. */
export const BLOCK_BYTES = 1 << 20;

/** What takes the bytes of a file in blocks of whole lines. */
export interface LineBlockTaker {
  /** Whole lines; the last one of the file may lack its newline. The bytes are overwritten after the call. */
  take(bytes: Buffer, end: number): void;
  /** A line of more than `BLOCK_BYTES` bytes was passed over. */
  tooLong(): void;
}

/**
 * Reads a file from beginning to end in blocks of whole lines, through one buffer of 1 MiB that is used again and again; between
 * two blocks other work of the process gets its turn.
 *
 * @returns bytes read.
 * @throws what `signal` was aborted with, before the next block.
 */
export async function readLineBlocks(path: string, taker: LineBlockTaker, signal?: AbortSignal): Promise<number> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    let [held, total, overlong] = [0, 0, false];
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, held, BLOCK_BYTES - held);
      if (bytesRead === 0) break;
      total += bytesRead;
      held += bytesRead;
      if (overlong) {
        const newline = buffer.subarray(0, held).indexOf(NEWLINE);
        buffer.copyWithin(0, newline < 0 ? held : newline + 1, held);
        held = newline < 0 ? 0 : held - newline - 1;
        if (newline < 0) continue;
        overlong = false;
      }
      const end = buffer.subarray(0, held).lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        taker.take(buffer, end);
        buffer.copyWithin(0, end, held);
        held -= end;
      } else if (held === BLOCK_BYTES) {
        taker.tooLong();
        overlong = true;
        held = 0;
      }
    }
    if (held > 0) taker.take(buffer, held);
    return total;
  } finally {
    await file.close();
  }
}
