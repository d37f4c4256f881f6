import { appendFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { UnitFiles } from './unit-files.ts';

/** A part of a dataset that is only appended to, in independent lines. */
export type AppendedPart = 'index' | 'journal' | 'fingerprints';

/**
 * A dataset in an object store of which a directory is a working copy. The copy has everything
 * except the units, which are read and written in place.
 */
export interface FarDataset {
  readonly units: UnitFiles;
  /** Fetches what others have changed, and sends what was recorded here. */
  refresh(): Promise<void>;
  /** Stores lines that were recorded here; sent at once if others depend on them. */
  append(part: AppendedPart, lines: string, isUrgent: boolean): Promise<void>;
  /** Called when dead letters have been added to the working copy, or removed. */
  lettersChanged(): Promise<void>;
  /**
   * Does short work on the working copy while nobody else changes the dataset: it starts from the
   * dataset's current state, and its result is stored remotely when this resolves.
   * @throws LockLost when another process has taken over the lease.
   */
  underLease<T>(work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T>;
}

const copies = new Map<string, FarDataset>();

/** Registers a directory as a working copy; `undefined` ends this. */
export function setFarDataset(directory: string, far: FarDataset | undefined): void {
  if (far === undefined) copies.delete(resolve(directory));
  else copies.set(resolve(directory), far);
}

/**
 * The remote dataset that a directory is a working copy of; undefined for a directory that is
 * itself a dataset.
 */
export function farDatasetOf(directory: string): FarDataset | undefined {
  return copies.size === 0 ? undefined : copies.get(resolve(directory));
}

/** Appends lines to such a part of a dataset, whether it is local or remote. */
export async function appendToPart(
  part: AppendedPart,
  path: string,
  lines: string,
  { isUrgent = false } = {},
): Promise<void> {
  await farDatasetOf(dirname(path))?.append(part, lines, isUrgent);
  await appendFile(path, lines);
}
