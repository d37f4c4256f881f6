// @ts-check
// Files in the thread of parquet-wasm, as descriptors: Node closes these when the thread ends for
// whatever reason, whereas it complains about an open FileHandle.
import * as fs from 'node:fs';
import { promisify } from 'node:util';

const read = promisify(fs.read);
const write = promisify(fs.write);

/** Opens a file. @type {(path: string, flags: string) => Promise<number>} */
export const openFile = promisify(fs.open);
/** Closes a file. @type {(file: number) => Promise<void>} */
export const closeFile = promisify(fs.close);
/** Waits until a file is on disk. @type {(file: number) => Promise<void>} */
export const syncFile = promisify(fs.fsync);

/** Size of a file in bytes. @param {number} file */
export async function sizeOf(file) {
  return (await promisify(fs.fstat)(file)).size;
}

/**
 * Fills a buffer from a position of a file.
 * @param {number} file
 * @param {Uint8Array} into
 * @param {number} start
 */
export async function fill(file, into, start) {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await read(file, into, filled, into.length - filled, start + filled);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${start + filled}`);
    filled += bytesRead;
  }
}

/**
 * Appends all bytes to what has been written.
 * @param {number} file
 * @param {Uint8Array} bytes
 */
export async function append(file, bytes) {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await write(file, bytes, written, bytes.length - written, null);
    written += bytesWritten;
  }
}
