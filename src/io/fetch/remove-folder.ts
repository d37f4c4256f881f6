import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const DENIED = ['EACCES', 'EPERM'];

/**
 * Removes a folder and everything that a program left in it, including read-only folders; a folder
 * that no longer exists is not an error. Links are removed, never followed.
 */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await removeAll(folder);
  } catch (error) {
    if (!DENIED.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await makeWritable(folder);
    await removeAll(folder);
  }
}

async function removeAll(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function makeWritable(folder: string): Promise<void> {
  if (!(await lstat(folder)).isDirectory()) return;
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
