import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/hash.ts';
import { PROCESS_NAME, processState } from '../../core/process-identity.ts';
import { type Part, type PartFacts, validatorOf } from '../http/part.ts';
import { makePrivateDirectory, storeFailure, writePrivateFile } from './private-files.ts';

const factsLimit = 16 * 1024;
/** A partial file that has not grown for this many milliseconds is deleted. */
const abandonedAfter = 30 * 86_400_000;

/**
 * The part of a download that is on disk: a folder with `body.part` and `facts.json`. A process
 * takes a part by renaming the folder, which only one process can do, and returns it in the same
 * way; the part of a process that died is taken over. So two processes that pull the same file at
 * the same time never write into the same part: the second starts its own.
 */
export class PartialFile implements Part {
  readonly #folder: string;
  readonly #free: string;
  readonly #handle: FileHandle;
  #size: number;

  private constructor(folder: string, free: string, handle: FileHandle, size: number) {
    [this.#folder, this.#free, this.#handle, this.#size] = [folder, free, handle, size];
  }

  /**
   * Takes the part of an address, or starts one; parts of any address that are older than 30 days
   * are removed.
   * @throws ModelError `weights` when the store cannot be written.
   */
  static async take(parent: string, url: URL): Promise<PartialFile> {
    const key = sha256(url.href).slice(0, 32);
    const own = join(parent, takenName(key));
    await makePrivateDirectory(parent);
    const candidates = (await readdir(parent)).filter(
      (name) => name === key || (name.startsWith(key) && ownerState(name) === 'ended'),
    );
    let taken = false;
    for (const name of candidates) {
      if (taken) await rm(join(parent, name), { recursive: true, force: true });
      else taken = await renamed(join(parent, name), own);
    }
    if (!taken) await makePrivateDirectory(own);
    await sweep(parent, own);
    try {
      const handle = await open(join(own, 'body.part'), 'a+', 0o600);
      return new PartialFile(own, join(parent, key), handle, (await handle.stat()).size);
    } catch (error) {
      throw storeFailure(own, error);
    }
  }

  get size(): number {
    return this.#size;
  }

  get path(): string {
    return join(this.#folder, 'body.part');
  }

  async facts(): Promise<PartFacts | undefined> {
    try {
      const text = await readFile(join(this.#folder, 'facts.json'), 'utf8');
      const value: unknown = text.length > factsLimit ? undefined : JSON.parse(text);
      if (typeof value !== 'object' || value === null) return undefined;
      const { etag, lastModified, total } = value as Record<string, unknown>;
      return {
        etag: typeof etag === 'string' ? etag : undefined,
        lastModified: typeof lastModified === 'string' ? lastModified : undefined,
        total: typeof total === 'number' && Number.isSafeInteger(total) && total >= 0 ? total : undefined,
      };
    } catch (error) {
      // None were written, or a crash left them broken: the part starts over.
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw storeFailure(this.#folder, error);
    }
  }

  /**
   * Empties the part. The facts go first, so that bytes of one file are never mistaken for those of
   * another.
   */
  async restart(facts?: PartFacts): Promise<void> {
    try {
      await rm(join(this.#folder, 'facts.json'), { force: true });
      await this.#handle.truncate(0);
      this.#size = 0;
      if (facts) await writePrivateFile(join(this.#folder, 'facts.json'), JSON.stringify(facts), true);
    } catch (error) {
      throw storeFailure(this.#folder, error);
    }
  }

  async append(piece: Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(piece);
      this.#size += piece.byteLength;
    } catch (error) {
      throw storeFailure(this.path, error);
    }
  }

  /** Flushes the bytes to disk. */
  async flush(): Promise<void> {
    await this.#handle.sync();
  }

  async isResumable(): Promise<boolean> {
    if (this.#size === 0) return false;
    const facts = await this.facts();
    return facts !== undefined && validatorOf(facts) !== undefined;
  }

  /**
   * Returns the part, for a later run to continue from; a part that is empty or has no validator is
   * removed.
   */
  async release(): Promise<void> {
    await this.#handle.close();
    const kept = (await this.isResumable()) && (await renamed(this.#folder, this.#free));
    if (!kept) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Removes the part. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A new name for the part of an address while this process has it. */
function takenName(key: string): string {
  return `${key}~${PROCESS_NAME}~${randomBytes(4).toString('hex')}`;
}

/**
 * Removes parts that nobody has added to for a long time, but not those that a live process on this
 * machine holds.
 */
async function sweep(parent: string, own: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!/^[0-9a-f]{32}(~|$)/.test(name)) continue;
    const folder = join(parent, name);
    if (folder === own || ownerState(name) === 'running') continue;
    const status = (await statusOf(join(folder, 'body.part'))) ?? (await statusOf(folder));
    if (!status || Date.now() - status.mtimeMs < abandonedAfter) continue;
    // Taken before removing it: a process that is just about to continue from it either keeps it or
    // starts its own.
    const taken = join(parent, takenName(name.slice(0, 32)));
    if (await renamed(folder, taken)) await rm(taken, { recursive: true, force: true });
  }
}

/** Undefined if it does not exist, or no longer exists. */
async function statusOf(path: string): Promise<{ readonly mtimeMs: number } | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw storeFailure(path, error);
  }
}

/**
 * Whether the process that took a part is running: the process's name follows the key of the part.
 */
function ownerState(name: string): ReturnType<typeof processState> {
  return processState(name.slice(name.indexOf('~') + 1));
}

/** Renames a folder; false if another process was first, or the new name is taken. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw storeFailure(from, error);
  }
}
