import { existsSync, readFileSync } from 'node:fs';
import { appendFile, readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isTemporary, makeDirectory, removeIfThere, syncDirectory } from '../../core/atomic-file.ts';
import { LockLost, underLock } from '../../core/file-lock.ts';
import { isCutDirectory } from './cut.ts';
import { farDatasetOf } from './far-dataset.ts';

/**
 * What lies in a dataset beside its tables, by its name today and the name that it had once.
 * Today's begin with `_`, which pandas, pyarrow, Spark, Hive and the like pass over, so that a
 * dataset's directory is read as the tables that it holds.
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

/** What only a reduction has: elsewhere files of their old names are the user's own. */
const OF_REDUCTIONS: readonly string[] = ['training', 'pca'] satisfies DatasetPart[];

/** What a part of a dataset is called. */
export function partName(part: DatasetPart): string {
  return NAMES[part][0];
}

/**
 * Where a part of a dataset is, or would be: under its old name only where the dataset still has it
 * there.
 */
export function partPath(directory: string, part: DatasetPart): string {
  const [name, before] = NAMES[part];
  const path = join(directory, name);
  if (before === undefined || existsSync(path)) return path;
  const old = join(directory, before);
  return existsSync(old) ? old : path;
}

/**
 * Where a file is that is named as it lay before its dataset was given today's names, or after:
 * `reduced/pca/visual.json` may be `reduced/_pca/visual.json`. The path itself where there is no
 * such file either.
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

/** The parts that still have their old names: these, and the names of today. */
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
    // Whoever needs it says what is wrong with it.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * Whether a name in a directory is that of a part, or of a table that is cut into subclips; hidden
 * files are nobody's data.
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
 * Gives the parts of a dataset that have their old names those of today. Can be killed anywhere:
 * each step is whole or not done, every part is found under either name, and whoever writes next
 * does the rest. The description comes first, so that versions that know only the old names refuse
 * what is half done. What one of those has written meanwhile is joined.
 *
 * @returns what there is to tell; undefined when nothing was to be done.
 * @throws SystemError `not-writable` where the directory cannot be changed.
 */
export async function modernise(directory: string): Promise<string | undefined> {
  const old = oldParts(directory);
  if (old.length === 0) return undefined;
  await underDatasetLock(directory, async (assertHeld) => {
    for await (const _ of moderniseStepwise(directory)) await assertHeld();
  });
  const renamed = old.map(({ before, name }) => `${before} is now ${name}`).join(', ');
  return `${directory}: ${renamed}: every reader of Parquet now takes the directory as it is`;
}

/** The steps of `modernise`; each is on disk when it is given. */
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
      // This process was stopped for long and continues: it looks at what the others have made of
      // it meanwhile.
      if (!(error instanceof LockLost)) throw error;
    }
  }
}
