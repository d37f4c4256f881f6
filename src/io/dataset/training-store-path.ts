import { existsSync, statSync } from 'node:fs';
import { refuseAddress } from '../../core/object-address.ts';
import { partName, partPath, pathNow } from './layout.ts';

/** Name of the training store in the directory of a reduction. */
export const TRAINING_STORE = partName('training');

/**
 * The file of a training store that is named directly, or by the directory that `reduce` wrote it
 * into. The path itself if there is none.
 * @throws UsageError `object-store` for an address, because a store is read in random order, as
 *   only a file can be.
 */
export function trainingStorePath(path: string): string {
  refuseAddress(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return pathNow(path);
  const inside = partPath(path, 'training');
  return existsSync(inside) ? inside : path;
}
