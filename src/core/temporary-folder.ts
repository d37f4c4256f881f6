import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryFailure } from './directory-failure.ts';
import { PROCESS_NAME, processState } from './process-identity.ts';

/** A folder that is removed when this process ends. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it now. */
  readonly remove: () => Promise<void>;
}

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
 * @throws SystemError `not-writable`, `disk-full`.
 *
 * @example
 * const { path, remove } = await temporaryFolder('reelflow-dataset~');
 */
export async function temporaryFolder(kind: string): Promise<TemporaryFolder> {
  let path: string;
  try {
    await removeLeft(kind);
    path = await mkdtemp(join(tmpdir(), `${kind}${PROCESS_NAME}~`));
  } catch (error) {
    throw directoryFailure(
      `the temporary directory ${tmpdir()}`,
      error,
      'Set TMPDIR to a directory with room that you may write to.',
    );
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

/** Removes the folders of processes that were killed. */
async function removeLeft(kind: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const isLeft = name.startsWith(kind) && processState(name.slice(kind.length)) === 'ended';
    if (!isLeft) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch((error: NodeJS.ErrnoException) => {
      // Another user's folder is for that user to remove.
      if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
    });
  }
}
