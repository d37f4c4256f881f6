import { randomBytes } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createOnce, makeDirectory, replaceFile, syncDirectory } from '../../core/atomic-file.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { ReelflowError, SystemError } from '../../core/errors.ts';

/**
 * Creates a directory and its missing parents, accessible only to the user; existing ones keep
 * their permissions.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  await makeDirectory(path, 0o700).catch((error: unknown) => {
    throw failureOfStore(path, error);
  });
}

/**
 * A new name for a weight file: its hash, and a random part that keeps the files of concurrent
 * writers apart.
 */
export function weightFileName(sha256: string, extension: string): string {
  return `${sha256.slice(0, 16)}-${randomBytes(6).toString('hex')}.${extension}`;
}

/**
 * Writes a small file that only the user can access, whole or not at all, and flushed to disk.
 *
 * @param replace - false: only if no file exists at that path; the first writer wins.
 * @returns whether this call wrote it.
 * @throws SystemError `not-writable` if the file system lacks hard links, `disk-full`.
 */
export async function writePrivateFile(path: string, text: string, replace: boolean): Promise<boolean> {
  try {
    if (!replace) return await createOnce(path, Buffer.from(text), 0o600);
    await replaceFile(path, text, 0o600);
    return true;
  } catch (error) {
    throw failureOfStore(path, error);
  }
}

/** What the system said about a file of the store, as a failure of the store. */
function failureOfStore(path: string, error: unknown): unknown {
  return storeFailure(path, error instanceof SystemError ? (error.cause ?? error) : error);
}

/** Moves a finished file to a free name, accessible only to the user. */
export async function moveInto(folder: string, from: string, name: string): Promise<string> {
  const path = join(folder, name);
  const handle = await open(from, 'r');
  try {
    await handle.chmod(0o600);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await rename(from, path);
  } catch (error) {
    throw storeFailure(path, error);
  }
  await syncDirectory(folder);
  return path;
}

/** The error for a store that cannot be written. */
export function storeFailure(path: string, error: unknown): unknown {
  if (error instanceof ReelflowError) return error;
  return directoryFailure(
    `the weights store ${path}`,
    error,
    'Set REELFLOW_WEIGHTS_DIR to a folder with room, on a local disk that you may write to.',
  );
}
