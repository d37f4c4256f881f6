import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
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

/**
 * What a reader knows features by: the name of their directory, or of their file if it has a name
 * of its own.
 */
export function nameOfFeatures(path: string): string {
  const whole = resolve(path);
  return basename(basename(whole) === TRAINING_STORE ? dirname(whole) : whole);
}
