import { appendFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { UnitFiles } from './unit-files.ts';

/** A part of a dataset that is only ever appended to, in lines of which each stands for itself. */
export type AppendedPart = 'index' | 'journal' | 'fingerprints';

/**
 * A dataset that lies elsewhere, in an object store, and of which a directory has a working copy:
 * of all but its units, which are read and written where they lie.
 */
export interface FarDataset {
  readonly units: UnitFiles;
  /** Takes in what others have changed meanwhile, and gives out what was noted here. */
  refresh(): Promise<void>;
  /** Keeps lines that were noted here; there at once where others go by them. */
  append(part: AppendedPart, lines: string, isUrgent: boolean): Promise<void>;
  /** Dead letters have come to the working copy, or have gone. */
  lettersChanged(): Promise<void>;
  /**
   * Does short work on the working copy while nobody else changes the dataset: on what it is when
   * the work begins, and what it has become is there when this resolves.
   * @throws LockLost when the dataset was taken away from this process.
   */
  underLease<T>(work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T>;
}

const copies = new Map<string, FarDataset>();

/** Says that a directory is a working copy from now on; `undefined`: no more. */
export function setFarDataset(directory: string, far: FarDataset | undefined): void {
  if (far === undefined) copies.delete(resolve(directory));
  else copies.set(resolve(directory), far);
}

/** What a directory is the working copy of; undefined of one that is a dataset itself. */
export function farDatasetOf(directory: string): FarDataset | undefined {
  return copies.size === 0 ? undefined : copies.get(resolve(directory));
}

/** Appends lines to such a part of a dataset, wherever that lies. */
export async function appendToPart(
  part: AppendedPart,
  path: string,
  lines: string,
  { isUrgent = false } = {},
): Promise<void> {
  await farDatasetOf(dirname(path))?.append(part, lines, isUrgent);
  await appendFile(path, lines);
}
