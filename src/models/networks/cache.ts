import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { missingDirectories } from '../../core/atomic-file.ts';
import { replaceFileSync } from '../../core/atomic-file-sync.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { ModelError, ReelflowError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';

/** Milliseconds after which the unfinished folder of a killed process is removed. */
const abandonedAfter = 3_600_000;

/**
 * Where networks are kept in the form that is run (as large as their weights) and file hashes are
 * remembered: the option, else `REELFLOW_CACHE_DIR`, else `$XDG_CACHE_HOME/reelflow`, else
 * `~/.cache/reelflow`. Deleting the folder is always safe while nothing runs.
 */
export function cacheDirectory(option?: string): string {
  if (option) return resolve(option);
  const { REELFLOW_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  if (REELFLOW_CACHE_DIR) return resolve(REELFLOW_CACHE_DIR);
  return join(XDG_CACHE_HOME ? resolve(XDG_CACHE_HOME) : join(homedir(), '.cache'), 'reelflow');
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/**
 * Runs a step that writes to the cache; a full or read-only disk becomes a typed error that names
 * the place.
 */
function writing<T>(directory: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof ReelflowError) throw error;
    throw directoryFailure(
      `the cache of networks ${directory}`,
      error,
      'Set REELFLOW_CACHE_DIR to a folder with enough space for the networks (about 520 MB for AlexNet and VGGish).',
    );
  }
}

/**
 * A cache folder that is written once: it is built under another name and renamed when complete, so
 * readers never see half of it, and two processes that build it at the same time both end up with a
 * whole one.
 *
 * @param isWhole - whether an existing folder is complete; if not, it is built again.
 */
export function cachedFolder(
  directory: string,
  key: string,
  isWhole: (folder: string) => boolean,
  fill: (folder: string) => void,
): string {
  const parent = join(directory, 'models');
  const folder = join(parent, key);
  if (isWhole(folder)) return folder;
  return writing(directory, () => {
    makePrivateFolder(parent);
    removeAbandoned(parent);
    const aside = join(parent, `.making-${process.pid}-${randomBytes(4).toString('hex')}`);
    mkdirSync(aside, { mode: 0o700 });
    try {
      fill(aside);
      if (statSync(folder, { throwIfNoEntry: false }) && !isWhole(folder))
        rmSync(folder, { recursive: true, force: true });
      renameSync(aside, folder);
    } catch (error) {
      rmSync(aside, { recursive: true, force: true });
      const otherWasFirst = ['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(codeOf(error) ?? '') && isWhole(folder);
      if (!otherWasFirst) throw error;
    }
    return folder;
  });
}

/** Makes a directory and its missing parents, accessible only to the user. */
export function makePrivateFolder(path: string): void {
  for (const directory of missingDirectories(path)) {
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      // Another process may have been first.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith('.making-')) continue;
    const status = statSync(join(parent, name), { throwIfNoEntry: false });
    if (status && Date.now() - status.mtimeMs > abandonedAfter)
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/**
 * SHA-256 of a file's content as hex, remembered in the cache by path, inode, size and change time.
 *
 * @throws ModelError `weights` if the file cannot be read.
 */
export function fileHash(path: string, directory: string): string {
  refuseAddress(path);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw new ModelError('weights', `${path} cannot be read: ${wordsOf(error)}`, { cause: error });
  }
  try {
    const status = statSync(path, { bigint: true });
    const identity = [resolve(path), status.dev, status.ino, status.size, status.mtimeNs, status.ctimeNs].join('\n');
    const folder = join(directory, 'hashes');
    const remembered = join(folder, sha256(identity));
    if (existsSync(remembered)) {
      const text = readFileSync(remembered, 'utf8');
      if (/^[0-9a-f]{64}$/.test(text)) return text;
    }
    const hash = createHash('sha256');
    const buffer = new Uint8Array(1 << 20);
    for (;;) {
      const count = readSync(descriptor, buffer, 0, buffer.byteLength, null);
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
    }
    const text = hash.digest('hex');
    writing(directory, () => {
      makePrivateFolder(folder);
      replaceFileSync(remembered, Buffer.from(text));
    });
    return text;
  } finally {
    closeSync(descriptor);
  }
}
