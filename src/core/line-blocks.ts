import { open } from 'node:fs/promises';

const NEWLINE = 10;
/**
 * Bytes read at a time; also the longest line for a consumer that can skip longer ones.
 */
export const BLOCK_BYTES = 1 << 20;

/** A consumer of a file's bytes in blocks of whole lines. */
export interface LineBlockTaker {
  /** Whole lines, up to `end`. The bytes are overwritten after the call. */
  take(bytes: Buffer, end: number): void;
  /**
   * Called when a line longer than a block has been skipped. Without this no line is skipped: the
   * buffer grows.
   */
  tooLong?(): void;
}

/** How a file is read in blocks of lines. */
export interface LineBlockOptions {
  /** Where to begin, bytes. Default 0. */
  readonly from?: number | undefined;
  /** Bytes that are read at a time. Default 1 MiB. */
  readonly blockBytes?: number | undefined;
  /**
   * How an unterminated last line is handled: passed on as it is (default), or left for the next
   * read.
   */
  readonly unfinished?: 'take' | 'leave' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file to its end in blocks of whole lines, through one reused buffer; other work of the
 * process runs between blocks.
 *
 * @returns the position after the last line that was taken or skipped.
 * @throws the reason of `signal`, before the next block.
 */
export async function readLineBlocks(
  path: string,
  taker: LineBlockTaker,
  { from = 0, blockBytes = BLOCK_BYTES, unfinished = 'take', signal }: LineBlockOptions = {},
): Promise<number> {
  const file = await open(path, 'r');
  try {
    let buffer = Buffer.allocUnsafeSlow(blockBytes);
    let [held, position, overlong] = [0, from, false];
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, held, buffer.length - held, position);
      if (bytesRead === 0) break;
      position += bytesRead;
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
      } else if (held === buffer.length) {
        if (taker.tooLong === undefined) {
          buffer = Buffer.concat([buffer], 2 * buffer.length);
        } else {
          taker.tooLong();
          overlong = true;
          held = 0;
        }
      }
    }
    if (unfinished === 'leave') return position - held;
    if (held > 0) taker.take(buffer, held);
    return position;
  } finally {
    await file.close();
  }
}

/** Least number of bytes to read, and number after which to yield to other work. */
const TURN_BYTES = 1 << 18;
const FEW_BYTES = 1 << 12;

/**
 * Calls `take` with every line of an append-only text file, from a byte offset on, as part of a
 * reused buffer: copy what you keep. An unterminated last line is left for the next read. A missing
 * file has no lines.
 *
 * @param size of the file as last seen, so that a few new lines need no large buffer.
 * @returns the position after the last line.
 *
 * @example
 * const lines: string[] = [];
 * const end = await eachLine('features/_fingerprints.txt', 0, (bytes, from, to) => {
 *   lines.push(bytes.toString('latin1', from, to));
 * });
 */
export async function eachLine(
  path: string,
  from: number,
  take: (bytes: Buffer, start: number, end: number) => void,
  size = Number.POSITIVE_INFINITY,
): Promise<number> {
  const blockBytes = Math.max(FEW_BYTES, Math.min(size - from + 1, TURN_BYTES));
  const taker = {
    take(bytes: Buffer, blockEnd: number) {
      for (let start = 0; start < blockEnd; ) {
        const end = bytes.indexOf(NEWLINE, start);
        take(bytes, start, end);
        start = end + 1;
      }
    },
  };
  try {
    return await readLineBlocks(path, taker, { from, blockBytes, unfinished: 'leave' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return from;
    throw error;
  }
}
