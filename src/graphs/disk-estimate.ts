import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Bytes } from '../operators/payload.ts';
import type { Plan } from './plan.ts';

/** Whether the disk has room for a dataset. */
export interface DiskEstimate {
  /** The directory whose disk was checked: the dataset's, or its nearest ancestor that exists. */
  readonly directory: string;
  /** Uncompressed bytes of the units and the tables. */
  readonly neededBytes: Bytes;
  readonly freeBytes: Bytes;
  readonly isEnough: boolean;
}

/**
 * Compares the size of a planned dataset with the free space where it will be written. Units and
 * tables hold the same rows, so the rows count twice.
 *
 * @example
 * const { isEnough } = diskEstimate(plan, 'features/');
 */
export function diskEstimate({ estimate }: Pick<Plan, 'estimate'>, directory: string): DiskEstimate {
  let there = resolve(directory);
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const { bavail, bsize } = statfsSync(there);
  const [neededBytes, freeBytes] = [2 * estimate.datasetBytes, bavail * bsize];
  return { directory: there, neededBytes, freeBytes, isEnough: neededBytes <= freeBytes };
}
