import { existsSync, readFileSync } from 'node:fs';
import { appendFile, readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isTemporary, makeDirectory, removeIfThere, syncDirectory } from '../../core/atomic-file.ts';
import { LockLost, underLock } from '../../core/file-lock.ts';
import { isCutDirectory } from './cut.ts';
import { farDatasetOf } from './far-dataset.ts';

/**
 * The parts of a dataset besides its tables, with their current and former names. Current names
 * start with `_`, which pandas, pyarrow, Spark, Hive and the like ignore, so that they read a
 * dataset's directory as the tables in it.
 */
const NAMES = {
  description: ['_dataset.json', 'dataset.json'],
  units: ['_units', 'units'],
  dead: ['_dead', 'dead'],
  index: ['_index.txt', 'index.txt'],
  fingerprints: ['_fingerprints.txt', 'fingerprints.txt'],
  calibration: ['_calibration.json', 'calibration.json'],
  items: ['_items.arrow', undefined],
  training: ['_training.arrow', 'items.arrow'],
  pca: ['_pca', 'pca'],
  journal: ['_journal.txt', undefined],
  claims: ['_claims', undefined],
  queue: ['_queue.json', undefined],
} as const;

/** A file or folder of a dataset that is not a table. */
export type DatasetPart = keyof typeof NAMES;

/** Parts that only a reduction has: elsewhere, files with their old names are the user's own. */
const OF_REDUCTIONS: readonly string[] = ['training', 'pca'] satisfies DatasetPart[];

/** The current name of a part of a dataset. */
export function partName(part: DatasetPart): string {
  return NAMES[part][0];
}

/**
 * The path that a part of a dataset has or would have: under its old name only if the dataset still
 * has it there.
 */
export function partPath(directory: string, part: DatasetPart): string {
  const [name, before] = NAMES[part];
  const path = join(directory, name);
  if (before === undefined || existsSync(path)) return path;
  const old = join(directory, before);
  return existsSync(old) ? old : path;
}

/**
 * The current path of a file that is named by its path before or after its dataset was converted to
 * the current names: `reduced/pca/visual.json` may be `reduced/_pca/visual.json`. If there is no
 * such file either, the given path.
 */
export function pathNow(path: string): string {
  if (existsSync(path)) return path;
  const [folder, name] = [dirname(path), basename(path)];
  const renamed = (segment: string) =>
    Object.values(NAMES).flatMap(([today, before]) =>
      segment === before ? [today] : segment === today && before !== undefined ? [before] : [],
    );
  const others = [
    ...renamed(name).map((other) => join(folder, other)),
    ...renamed(basename(folder)).map((other) => join(dirname(folder), other, name)),
  ];
  return others.find((other) => existsSync(other)) ?? path;
}

/** Whether any part still has its old name. */
export function isOldLayout(directory: string): boolean {
  return oldParts(directory).length > 0;
}

/** The parts that still have their old names: the old and the current names. */
function oldParts(directory: string) {
  const there = Object.entries(NAMES).flatMap(([part, [name, before]]) =>
    before !== undefined && existsSync(join(directory, before)) ? [{ part: part as DatasetPart, name, before }] : [],
  );
  if (!there.some(({ part }) => OF_REDUCTIONS.includes(part)) || isReduction(directory)) return there;
  return there.filter(({ part }) => !OF_REDUCTIONS.includes(part));
}

function isReduction(directory: string): boolean {
  const path = partPath(directory, 'description');
  if (!existsSync(path)) return false;
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: unknown } | null)?.name === 'reduction';
  } catch (error) {
    // Code that needs the file reports what is wrong with it.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * Whether a name in a directory belongs to a part of a dataset or to a table of subclips; hidden
 * files count as well, since they are not data.
 */
export function isPartName(name: string): boolean {
  return (
    name.startsWith('.') ||
    isCutDirectory(name) ||
    Object.entries(NAMES).some(
      ([part, [today, before]]) => name === today || (name === before && !OF_REDUCTIONS.includes(part)),
    )
  );
}

/**
 * Renames the parts of a dataset that have old names to their current ones. May be killed at any
 * point: each step is atomic, every part is found under either name, and the next writer does the
 * rest. The description comes first, so that versions that only know the old names refuse a
 * half-converted dataset. What such a version has written in the meantime is merged.
 *
 * @returns a message for the user; undefined if there was nothing to do.
 * @throws SystemError `not-writable` if the directory cannot be changed.
 */
export async function modernise(directory: string): Promise<string | undefined> {
  const old = oldParts(directory);
  if (old.length === 0) return undefined;
  await underDatasetLock(directory, async (assertHeld) => {
    for await (const _ of moderniseStepwise(directory)) await assertHeld();
  });
  const renamed = old.map(({ before, name }) => `${before} is now ${name}`).join(', ');
  return `${directory}: ${renamed}: every Parquet reader can now read the directory directly`;
}

/** The steps of `modernise`; each is on disk when it is yielded. */
export async function* moderniseStepwise(directory: string): AsyncGenerator<DatasetPart> {
  for (const { part, name, before } of oldParts(directory)) {
    const [from, to] = [join(directory, before), join(directory, name)];
    if (!existsSync(from)) continue;
    if (!existsSync(to)) await rename(from, to);
    else await joinParts(from, to, part);
    await syncDirectory(directory);
    yield part;
  }
}

async function joinParts(from: string, to: string, part: DatasetPart): Promise<void> {
  if (part === 'units' || part === 'dead' || part === 'pca') return joinFolders(from, to);
  // Lines of an append-only text may occur twice; of other files, the one with the current name is
  // kept.
  if (part === 'index' || part === 'fingerprints') {
    await appendFile(to, Buffer.concat([Buffer.from('\n'), await readFile(from)]));
  }
  await removeIfThere(from);
}

/** Files with the same name are equal: a unit's name is the hash of what it is made from. */
async function joinFolders(from: string, to: string): Promise<void> {
  await makeDirectory(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    // A process is still writing it.
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
 * Does short work while no other process changes the dataset. Starts over if this process was
 * suspended for so long that it lost the lock.
 *
 * @param work must call `assertHeld` before each step that others can see.
 */
export async function underDatasetLock<T>(
  directory: string,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      const far = farDatasetOf(directory);
      const locked = (assertFar?: () => Promise<void>) =>
        underLock(join(directory, '.lock'), (assertHeld) =>
          work(async () => {
            await assertHeld();
            await assertFar?.();
          }),
        );
      return await (far === undefined ? locked() : far.underLease(locked));
    } catch (error) {
      // This process was suspended for a long time and continues from what the others have made of
      // the dataset in the meantime.
      if (!(error instanceof LockLost)) throw error;
    }
  }
}
