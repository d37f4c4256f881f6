import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeIfThere, syncDirectory } from '../../core/atomic-file.ts';
import { storeFailure } from './private-files.ts';
import { checkWeightsName, recordName } from './weights-record.ts';
import { weightsDirectory } from './weights-store.ts';

/**
 * Removes weights from the store, damaged or not; the record is removed first, so that nobody finds
 * incomplete weights.
 *
 * @returns whether there were any.
 * @throws UsageError for an invalid name; ModelError `weights` when the store cannot be
 * written.
 */
export async function removeWeights(name: string, directory?: string): Promise<boolean> {
  const folder = join(weightsDirectory(directory), checkWeightsName(name));
  try {
    const entries = await readdir(folder);
    await removeIfThere(join(folder, recordName));
    await syncDirectory(folder);
    for (const entry of entries) await removeIfThere(join(folder, entry));
    await rmdir(folder);
    return entries.includes(recordName);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    // Another process is adding weights with that name: the new ones stay.
    if (code === 'ENOTEMPTY') return true;
    throw storeFailure(folder, error);
  }
}
