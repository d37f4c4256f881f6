import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createOnce,
  isTemporary,
  makeDirectory,
  removeIfThere,
  replaceFile,
  temporaryPath,
} from '../../core/atomic-file.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { sha256 } from '../../core/hash.ts';
import { PROCESS_NAME, processState } from '../../core/process-identity.ts';
import { partPath } from '../../io/dataset/layout.ts';

/** Milliseconds between two heartbeats of a process that is working on items. */
const SIGN = 10_000;
/** A claim without a heartbeat for this long, by the file system's clock, has lapsed. */
const SILENCE = 60_000;

/** What earlier claims reveal about an item. */
export interface Claim {
  /** How many processes died while working on it. */
  readonly deaths: number;
  /** How many of these were working on nothing else. */
  readonly aloneDeaths: number;
}

/** What follows the owner's name in a claim's file. */
interface Standing extends Claim {
  readonly isAlone: boolean;
}

const NOBODY_DIED: Claim = { deaths: 0, aloneDeaths: 0 };

/**
 * Records which items of a dataset a process has started, in files in `_claims` that name their
 * owners, so that processes looking for more work can pick items that nobody is working on. A claim
 * is a courtesy, not a lock: if two processes compute an item all the same, it is committed once
 * and the other's work is wasted. The claims of a process that died lapse, on its own machine at
 * once, elsewhere after a minute without a heartbeat; the clocks of machines are not compared.
 * Whoever takes such an item learns that a process died with it.
 *
 * @example
 * const claims = new Claims('features/');
 * if ((await claims.take('heat')) !== undefined) {
 *   // heat is computed here, and nowhere else meanwhile
 *   claims.release('heat');
 * }
 * await claims.close();
 */
export class Claims {
  readonly #directory: string;
  readonly #held = new Map<string, { readonly path: string; readonly claim: Claim }>();
  readonly #releasing = new Set<Promise<void>>();
  readonly #signs: NodeJS.Timeout;

  constructor(directory: string) {
    this.#directory = partPath(directory, 'claims');
    this.#signs = setInterval(() => {
      // At worst, a missed heartbeat means work done twice.
      for (const { path } of this.#held.values()) sign(path).catch(() => undefined);
    }, SIGN);
    this.#signs.unref();
  }

  /**
   * Claims an item, unless a live process has claimed it.
   * @returns what is known about it, if this process now has it.
   * @throws SystemError if the claim cannot be written.
   */
  async take(itemId: string): Promise<Claim | undefined> {
    const path = join(this.#directory, sha256(itemId).slice(0, 32));
    let claim: Claim | undefined = NOBODY_DIED;
    if (!(await this.#create(path, claim))) {
      claim = await this.#lapsed(path);
      if (claim === undefined || !(await this.#create(path, claim))) return undefined;
    }
    this.#held.set(itemId, { path, claim });
    return claim;
  }

  /** Records that an item that this process has claimed is the only one it is working on. */
  async alone(itemId: string): Promise<void> {
    const held = this.#held.get(itemId);
    if (held !== undefined) await replaceFile(held.path, textOf({ ...held.claim, isAlone: true }));
  }

  /** Gives up an item that is done; ignores one that was not claimed here. */
  release(itemId: string): void {
    const held = this.#held.get(itemId);
    if (held === undefined) return;
    this.#held.delete(itemId);
    const released = removeIfOurs(held.path).finally(() => this.#releasing.delete(released));
    // `close` throws the error.
    released.catch(() => undefined);
    this.#releasing.add(released);
  }

  /** Gives up everything. @throws what the file system refuses. */
  async close(): Promise<void> {
    clearInterval(this.#signs);
    for (const itemId of [...this.#held.keys()]) this.release(itemId);
    await Promise.all(this.#releasing);
  }

  /** The file appears with its content: an empty one would have no owner for a minute. */
  async #create(path: string, claim: Claim): Promise<boolean> {
    await makeDirectory(this.#directory);
    return createOnce(path, Buffer.from(textOf({ ...claim, isAlone: false })));
  }

  /** Removes the claim of a process that died, and returns what is then known about its item. */
  async #lapsed(path: string): Promise<Claim | undefined> {
    const text = await readFile(path, 'utf8').catch(goneAs(''));
    const [whose = '', standing = ''] = text.split('\n');
    if (await isAlive(this.#directory, path, whose)) return undefined;
    if (!(await this.#takeAway(path, text))) return undefined;
    if (text === '') return NOBODY_DIED;
    const { deaths, aloneDeaths, isAlone } = standingOf(standing);
    return { deaths: deaths + 1, aloneDeaths: aloneDeaths + (isAlone ? 1 : 0) };
  }

  /** If several processes see a claim lapse, one removes it, and none removes the next owner's. */
  async #takeAway(path: string, text: string): Promise<boolean> {
    const away = temporaryPath(this.#directory);
    if (!(await rename(path, away).then(() => true, goneAs(false)))) return text === '';
    const taken = await readFile(away, 'utf8');
    await removeIfThere(away);
    if (taken === text) return true;
    await createOnce(path, Buffer.from(taken));
    return false;
  }
}

/**
 * Whether a live process is working on any item of a dataset.
 *
 * @throws what the file system refuses.
 */
export async function isAnythingClaimed(dataset: string): Promise<boolean> {
  const directory = partPath(dataset, 'claims');
  for (const name of await readdir(directory).catch(goneAs<string[]>([]))) {
    if (isTemporary(name)) continue;
    const path = join(directory, name);
    const [whose = ''] = (await readFile(path, 'utf8').catch(goneAs(''))).split('\n');
    if (await isAlive(directory, path, whose)) return true;
  }
  return false;
}

/** Whether a claim's owner is a live process, or has sent a recent heartbeat. */
async function isAlive(directory: string, path: string, whose: string): Promise<boolean> {
  if (processState(whose) === 'ended') return false;
  const signed = await stat(path).catch(goneAs(undefined));
  // A heartbeat from far in the future dates from before the clock was set back.
  return signed !== undefined && Math.abs((await fileTime(directory)) - signed.mtimeMs) < SILENCE;
}

/** The current time in milliseconds, by the clock that dates the files of a directory. */
async function fileTime(directory: string): Promise<number> {
  const path = temporaryPath(directory);
  await writeFile(path, '').catch((error: unknown) => {
    throw directoryFailure(directory, error);
  });
  try {
    return (await stat(path)).mtimeMs;
  } finally {
    await removeIfThere(path);
  }
}

/**
 * Whether a claim is still that of this process: a process that was suspended for a long time may
 * find its item taken over.
 */
async function isOurs(path: string): Promise<boolean> {
  return (await readFile(path, 'utf8').catch(goneAs(''))).startsWith(`${PROCESS_NAME}\n`);
}

async function sign(path: string): Promise<void> {
  if (await isOurs(path)) await writeFile(path, PROCESS_NAME, { flag: 'r+' });
}

async function removeIfOurs(path: string): Promise<void> {
  if (await isOurs(path)) await removeIfThere(path);
}

/** Heartbeats overwrite the first line, whose length never changes. */
function textOf(standing: Standing): string {
  return `${PROCESS_NAME}\n${JSON.stringify(standing)}`;
}

function standingOf(line: string): Standing {
  try {
    return JSON.parse(line) as Standing;
  } catch {
    // A claim of an earlier version.
    return { ...NOBODY_DIED, isAlone: false };
  }
}

/** Handles an error: returns the value if the file no longer exists, else rethrows. */
function goneAs<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
