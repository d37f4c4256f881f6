import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { Breather } from '../core/breather.ts';

/** How many entries are requested from the system at a time. */
const AT_A_TIME = 256;

/**
 * Calls `take` with every entry of a directory, in the order of the file system. Even a huge
 * directory neither fills the memory, as a list of all entries would, nor blocks the event loop.
 *
 * @throws Node's error when the directory cannot be read.
 *
 * @example
 * const names: string[] = [];
 * await eachEntry('trailers/', ({ name }) => void names.push(name));
 */
export async function eachEntry(directory: string, take: (entry: Dirent) => void): Promise<void> {
  const breather = new Breather();
  const opened = await opendir(directory, { bufferSize: AT_A_TIME });
  try {
    // An asynchronous read for each entry would cost several times as much as the entries.
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
      take(entry);
      if (breather.isDue) await breather.rest();
    }
  } finally {
    opened.closeSync();
  }
}
