import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { directoryFailure } from './directory-failure.ts';
import { writeFailure } from './disk-full.ts';
import { SystemError, UsageError } from './errors.ts';
import { refuseOutputAddress } from './object-address.ts';
import { PROCESS_NAME, processState } from './process-identity.ts';

/** Temporary files are `.tmp-HOST~PID~START~RANDOM`. */
const PREFIX = '.tmp-';

/** Whether a file name is that of a temporary file; readers skip these. */
export function isTemporary(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** A fresh temporary path in a directory. */
export function temporaryPath(directory: string): string {
  return join(directory, `${PREFIX}${PROCESS_NAME}~${randomBytes(6).toString('hex')}`);
}

/**
 * Writes a file that appears whole or not at all, and only if the path does not exist yet: the
 * first writer wins, across processes and across machines that share the file system. Data and
 * directory are on disk when it returns.
 *
 * @param mode - permissions of the file. Default: those of the process.
 * @returns whether this call created the file.
 * @throws SystemError `not-writable` if its directory is not writable or lies on a file system
 * without hard links, `disk-full`.
 */
export async function createOnce(path: string, bytes: Uint8Array, mode?: number): Promise<boolean> {
  const directory = dirname(path);
  for (let attempt = 1; ; attempt += 1) {
    const temporary = await writeTemporary(directory, bytes, mode);
    try {
      await link(temporary, path);
      await syncDirectory(directory);
      return true;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') {
        // The first writer may not have got this far yet, and the caller relies on it.
        await syncDirectory(directory);
        return false;
      }
      // Another machine with the same host name considered this process dead and removed its
      // temporary file: write it again.
      if (code === 'ENOENT' && attempt < 3) continue;
      if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') {
        throw new SystemError(
          'not-writable',
          `${directory} is on a file system without hard links, which exactly-once commits need`,
          { remedy: 'Write the dataset to a local disk or NFS, and copy it afterwards.', cause: error },
        );
      }
      throw writeFailure(path, error);
    } finally {
      await removeIfThere(temporary);
    }
  }
}

/**
 * Writes a file that atomically replaces the one at that path: readers see either the old bytes or
 * the new ones.
 *
 * @param mode - permissions of the file. Default: those of the process.
 * @throws SystemError `not-writable`, `disk-full`; the old file stays.
 */
export async function replaceFile(path: string, bytes: Uint8Array | string, mode?: number): Promise<void> {
  const temporary = await writeTemporary(dirname(path), typeof bytes === 'string' ? Buffer.from(bytes) : bytes, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await removeIfThere(temporary);
    throw writeFailure(path, error);
  }
  await syncDirectory(dirname(path));
}

/**
 * The missing directories of a path, outermost first: made one after another, because the
 * recursive `mkdir` of Node.js never returns below /proc, where nothing can be made.
 */
export function missingDirectories(path: string): string[] {
  const missing: string[] = [];
  // Not resolved: a '..' behind a link leads elsewhere than its text says.
  for (let at = path || '.'; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  return missing;
}

/**
 * Makes a directory and its parents; the names of new ones are on disk when it returns.
 *
 * @param mode - permissions of those that are made; existing ones keep theirs. Default: those of
 * the process.
 * @throws SystemError `not-writable` if it cannot be made, `disk-full`; UsageError `dataset` if it
 * is a file, `object-store` for an address.
 */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  refuseOutputAddress(path);
  for (const directory of missingDirectories(path)) {
    try {
      await mkdir(directory, { mode });
    } catch (error) {
      // Another process may have been first.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw directoryFailure(directory, error);
    }
    await syncDirectory(dirname(directory));
  }
  const made = await stat(path).catch((error: unknown) => {
    throw directoryFailure(path, error);
  });
  if (!made.isDirectory()) {
    throw new UsageError(`${path} must be a directory, but is a file`, { code: 'dataset' });
  }
}

/** Flushes the entries of a directory to disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Removes the temporary files that dead processes of this machine left in a directory. Those of
 * other machines are left alone.
 *
 * @param names - of the directory's entries, if they have already been read.
 */
export async function removeStaleTemporaries(directory: string, names?: readonly string[]): Promise<void> {
  for (const name of names ?? (await readdir(directory).catch(() => [] as string[]))) {
    const isLeft = isTemporary(name) && processState(name.slice(PREFIX.length)) === 'ended';
    if (isLeft) await removeIfThere(join(directory, name));
  }
}

/** Removes a file; one that is gone already is not an error. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Creates a file to write, which must not be there yet.
 *
 * @param mode - its permissions. Default: those of the process.
 * @throws SystemError `not-writable` if its directory is not writable or not there, `disk-full`.
 */
export async function createFile(path: string, mode?: number): Promise<FileHandle> {
  return open(path, 'wx', mode).catch((error: unknown) => {
    throw directoryFailure(dirname(path), error);
  });
}

async function writeTemporary(directory: string, bytes: Uint8Array, mode?: number): Promise<string> {
  const temporary = temporaryPath(directory);
  const handle = await createFile(temporary, mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await removeIfThere(temporary);
    throw writeFailure(dirname(temporary), error);
  } finally {
    await handle.close();
  }
  return temporary;
}
