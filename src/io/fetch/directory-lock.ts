import { readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDirectory, removeIfThere, removeStaleTemporaries, temporaryPath } from '../../core/atomic-file.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { DatasetError } from '../../core/errors.ts';

/**
 * Makes this the only process that works on a directory. Each process puts a file with its own name
 * into `directory` and then looks for others: if two come at the same time, at least one sees the
 * other, so they never both continue. Files of dead processes on this machine are removed.
 *
 * @returns a function that releases the lock.
 * @throws DatasetError `in-use` when another process is working there, naming its file; SystemError
 * `not-writable` when it cannot be written.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await makeDirectory(directory);
  await removeStaleTemporaries(directory);
  const own = temporaryPath(directory);
  await writeFile(own, '', { flag: 'wx' }).catch((error: unknown) => {
    throw directoryFailure(directory, error);
  });
  const other = (await readdir(directory)).find((name) => name !== basename(own));
  if (other === undefined) return () => removeIfThere(own);
  await removeIfThere(own);
  throw new DatasetError('in-use', `another process is working in this directory: ${join(directory, other)}`, {
    remedy: 'Wait until it has finished. If it ran on another machine and has died, delete that file.',
  });
}
