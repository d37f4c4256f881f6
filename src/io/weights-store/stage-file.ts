import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeIfThere, removeStaleTemporaries, temporaryPath } from '../../core/atomic-file.ts';
import { FlowError, ModelError } from '../../core/errors.ts';
import { hashFile } from '../../core/hash.ts';
import { wordsOf } from '../../core/words-of.ts';
import { makePrivateDirectory, storeFailure } from './private-files.ts';
import { weightsDirectory } from './weights-store.ts';

/** A complete file inside the store's directory that is not yet a stored weight file. */
export interface StagedFile {
  readonly path: string;
  /** SHA-256 as 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
}

const pieceBytes = 1 << 20;

/**
 * Copies a file into the store's directory, hashing it on the way, with 1 MiB of memory whatever
 * its size.
 *
 * @throws ModelError `weights` when it cannot be read or changes in the meantime; FlowError
 * `aborted`; SystemError `disk-full`.
 */
export async function stageFile(
  path: string,
  options: {
    readonly directory?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onBytes?: ((done: number, total: number) => void) | undefined;
  } = {},
): Promise<StagedFile> {
  const folder = join(weightsDirectory(options.directory), '.staging');
  const source = await openFile(path);
  try {
    const { size } = await source.stat();
    await makePrivateDirectory(folder);
    await removeStaleTemporaries(folder);
    const temporary = temporaryPath(folder);
    try {
      const { sha256, bytes } = await copyInto(source, temporary, path, size, options);
      return { path: temporary, sha256, bytes };
    } catch (error) {
      await removeIfThere(temporary);
      throw storeFailure(temporary, error);
    }
  } finally {
    await source.close();
  }
}

async function copyInto(
  source: FileHandle,
  temporary: string,
  path: string,
  size: number,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onBytes?: ((d: number, t: number) => void) | undefined;
  },
): Promise<{ sha256: string; bytes: number }> {
  const target = await open(temporary, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    const buffer = new Uint8Array(pieceBytes);
    let bytes = 0;
    for (;;) {
      if (options.signal?.aborted) throw new FlowError('aborted', `copying ${path} was interrupted`);
      const { bytesRead } = await source.read(buffer, 0, pieceBytes, bytes);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      await target.writeFile(piece);
      bytes += bytesRead;
      // Otherwise, a file that grows while it is copied would never end.
      if (bytes > size) break;
      options.onBytes?.(bytes, size);
    }
    if (bytes !== size) throw new ModelError('weights', `${path} changed while it was copied`);
    await target.sync();
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await target.close();
  }
}

/**
 * SHA-256 and size of a file, read 1 MiB at a time.
 *
 * @throws ModelError `weights` when it cannot be read; FlowError `aborted`.
 */
export async function hashWeightFile(path: string, signal?: AbortSignal): Promise<{ sha256: string; bytes: number }> {
  await (await openFile(path)).close();
  try {
    return await hashFile(path, { signal });
  } catch (error) {
    if (signal?.aborted) throw new FlowError('aborted', `hashing ${path} was interrupted`, { cause: signal.reason });
    throw unreadable(path, error);
  }
}

/** Opens a regular file for reading. A pipe or a device would wait or never end. */
async function openFile(path: string): Promise<FileHandle> {
  try {
    if ((await stat(path)).isFile()) return await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new ModelError('weights', `${path} is not a file`, { remedy: 'Give the path of a weight file.' });
}

function unreadable(path: string, cause: unknown): ModelError {
  return new ModelError('weights', `${path} cannot be read: ${wordsOf(cause)}`, {
    remedy: 'Give the path of a weight file.',
    cause,
  });
}
