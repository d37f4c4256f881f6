import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFailure } from './disk-full.ts';
import { PROCESS_NAME, processState } from './process-identity.ts';

const open = new Set<string>();
const removeAll = (): void => {
  for (const path of open) rmSync(path, { recursive: true, force: true });
};

/**
 * Makes a folder in the temporary directory, for this process alone. It is removed when the process
 * ends, if not before; folders left by killed processes of this machine are removed now.
 *
 * @param kind - prefix of the folder's name, ending in `~`.
 * @returns its path, and a function that removes it.
 *
 * @example
 * const { path, remove } = await temporaryFolder('reelflow-dataset~');
 */
export async function temporaryFolder(
  kind: string,
): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  for (const name of await readdir(tmpdir())) {
    const isLeft = name.startsWith(kind) && processState(name.slice(kind.length)) === 'ended';
    if (!isLeft) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch((error: NodeJS.ErrnoException) => {
      // Another user's folder is for that user to remove.
      if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
    });
  }
  let path: string;
  try {
    path = await mkdtemp(join(tmpdir(), `${kind}${PROCESS_NAME}~`));
  } catch (error) {
    throw writeFailure(`the temporary directory ${tmpdir()}`, error);
  }
  if (open.size === 0) process.on('exit', removeAll);
  open.add(path);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      open.delete(path);
      if (open.size === 0) process.off('exit', removeAll);
    },
  };
}
