import { readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** A single system call reads no more than this. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Fills `into` from a position in an open file, with as many reads as it takes.
 *
 * @returns the number of bytes read: less than `into` holds if the file ends first.
 * @throws the file system's own error.
 */
export function fillSync(descriptor: number, into: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < into.byteLength) {
    const length = Math.min(into.byteLength - filled, MAX_READ_BYTES);
    const count = readSync(descriptor, into, filled, length, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Like `fillSync`, without blocking the thread. */
export async function fill(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.byteLength) {
    const length = Math.min(into.byteLength - filled, MAX_READ_BYTES);
    const { bytesRead } = await file.read(into, filled, length, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Appends all bytes to what has been written. @throws the file system's own error. */
export function writeAllSync(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(descriptor, bytes, written);
}
