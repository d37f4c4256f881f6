import { open } from 'node:fs/promises';
import { readAt } from './table-files.ts';

/**
 * Reads a file of any size that memory can hold: `readFile` refuses files of 2 GiB and more.
 * @throws what `open` and `read` throw.
 */
export async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    return await readAt(file, 0, (await file.stat()).size, path);
  } finally {
    await file.close();
  }
}
