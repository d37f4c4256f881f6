import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporary, makeDirectory, removeIfThere, syncDirectory } from '../../core/atomic-file.ts';
import { LockLost, underLock } from '../../core/file-lock.ts';
import { isCutDirectory } from './cut.ts';

/**
 * What lies in a dataset beside its tables, by its name today and its name in datasets of
 * version 1. Today's begin with `_`, which pandas, pyarrow, Spark, Hive and the like pass over, so
 * that a dataset's directory is read as the tables that it holds.
 */
const NAMES = {
  description: ['_dataset.json', 'dataset.json'],
  units: ['_units', 'units'],
  dead: ['_dead', 'dead'],
  index: ['_index.txt', 'index.txt'],
  fingerprints: ['_fingerprints.txt', 'fingerprints.txt'],
  calibration: ['_calibration.json', 'calibration.json'],
  items: ['_items.arrow', undefined],
  journal: ['_journal.txt', undefined],
  claims: ['_claims', undefined],
  queue: ['_queue.json', undefined],
} as const;

/** A file or folder of a dataset that is not a table. */
export type DatasetPart = keyof typeof NAMES;

/**
 * Where a part of a dataset is, or would be: under its old name only where a dataset of version 1
 * still has it there.
 */
export function partPath(directory: string, part: DatasetPart): string {
  const [name, before] = NAMES[part];
  const path = join(directory, name);
  if (before === undefined || existsSync(path)) return path;
  const old = join(directory, before);
  return existsSync(old) ? old : path;
}

/** Whether any part still has its name of version 1. */
export function isOldLayout(directory: string): boolean {
  return Object.values(NAMES).some(([, before]) => before !== undefined && existsSync(join(directory, before)));
}

/**
 * Whether a name in a directory is that of a part, or of a table that is cut into subclips; hidden
 * files are nobody's data.
 */
export function isPartName(name: string): boolean {
  return (
    name.startsWith('.') ||
    isCutDirectory(name) ||
    Object.values(NAMES).some((names) => names.some((each) => each === name))
  );
}

/**
 * Gives the parts of a dataset of version 1 their names of today. Can be killed anywhere: each step
 * is whole or not done, every part is found under either name, and whoever writes next does the
 * rest. The description comes first, so that versions that know only the old names refuse what is
 * half done. What one of those has written meanwhile is joined.
 *
 * @returns what there is to tell; undefined when nothing was to be done.
 * @throws SystemError `not-writable` where the directory cannot be changed.
 */
export async function modernise(directory: string): Promise<string | undefined> {
  if (!isOldLayout(directory)) return undefined;
  await underDatasetLock(directory, async (assertHeld) => {
    for await (const _ of moderniseStepwise(directory)) await assertHeld();
  });
  return `${directory}: what lies beside the tables has been given names that begin with '_', so that every reader of Parquet takes the directory as it is`;
}

/** The steps of `modernise`; each is on disk when it is given. */
export async function* moderniseStepwise(directory: string): AsyncGenerator<DatasetPart> {
  for (const [part, [name, before]] of Object.entries(NAMES)) {
    const from = before === undefined ? undefined : join(directory, before);
    if (from === undefined || !existsSync(from)) continue;
    const to = join(directory, name);
    if (!existsSync(to)) await rename(from, to);
    else await joinParts(from, to, part as DatasetPart);
    await syncDirectory(directory);
    yield part as DatasetPart;
  }
}

async function joinParts(from: string, to: string, part: DatasetPart): Promise<void> {
  if (part === 'units' || part === 'dead') return joinFolders(from, to);
  // Lines of a text that is only ever appended to may come twice; of the other files the one of
  // today stands.
  if (part === 'index' || part === 'fingerprints') {
    await appendFile(to, Buffer.concat([Buffer.from('\n'), await readFile(from)]));
  }
  await removeIfThere(from);
}

/** Files of one name are equal: a unit's is the hash of what it is made of. */
async function joinFolders(from: string, to: string): Promise<void> {
  await makeDirectory(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    // Of a process that is writing it.
    if (isTemporary(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await joinFolders(source, target);
    else if (existsSync(target)) await removeIfThere(source);
    else await rename(source, target);
  }
  await syncDirectory(to);
  await rmdir(from).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
  });
}

/**
 * Does short work while no other process changes the dataset. Begins again when this process was
 * stopped for so long that the lock was taken away.
 *
 * @param work asks `assertHeld` before each step that others see.
 */
export async function underDatasetLock<T>(
  directory: string,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await underLock(join(directory, '.lock'), work);
    } catch (error) {
      // This process was stopped for long and continues: it looks at what the others have made of
      // it meanwhile.
      if (!(error instanceof LockLost)) throw error;
    }
  }
}
