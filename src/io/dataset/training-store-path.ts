import { existsSync, statSync } from 'node:fs';
import { refuseAddress } from '../../core/object-address.ts';
import { partName, partPath, pathNow } from './layout.ts';

/** Name of the training store in a directory that a reduction is written into. */
export const TRAINING_STORE = partName('training');

/**
 * The file of a training store that is named by itself, or by the directory that `reduce` wrote it
 * into. The path itself where there is none.
 * @throws UsageError `object-store` of an address: it is read here and there, as a file is.
 */
export function trainingStorePath(path: string): string {
  refuseAddress(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return pathNow(path);
  const inside = partPath(path, 'training');
  return existsSync(inside) ? inside : path;
}
