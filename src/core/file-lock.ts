import { randomBytes } from 'node:crypto';
import { open, readFile, rename, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeIfThere, temporaryPath } from './atomic-file.ts';
import { directoryFailure } from './directory-failure.ts';

/** Milliseconds between two heartbeats of a lock's owner. */
const SIGN = 1000;
/** A lock without a heartbeat for this many milliseconds of our clock is abandoned. */
const SILENCE = 10_000;

/** The lock was taken from its owner because its heartbeat stopped. */
export class LockLost extends Error {}

/**
 * Runs short work while no other process works under the same lock, on this machine or on another
 * that shares the file system. Clocks need not agree: a lock counts as abandoned if it shows no
 * heartbeat while we watch. A process that was suspended learns from `assertHeld`, before each step
 * visible to others, that it no longer owns the lock.
 *
 * @throws LockLost if `assertHeld` finds that the lock has been taken; SystemError `not-writable`
 * if it cannot be created.
 *
 * @example
 * await underLock('features/.lock', async (assertHeld) => {
 *   const file = await readFile('features/dataset.json', 'utf8');
 *   await assertHeld();
 *   await writeFile('features/dataset.json', file);
 * });
 */
export async function underLock<T>(path: string, work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T> {
  const token = randomBytes(16).toString('hex');
  await take(path, token);
  const isHeld = async () => (await readIfThere(path)) === token;
  // `assertHeld` notices a heartbeat that could not be written.
  const signs = setInterval(() => utimes(path, new Date(), new Date()).catch(() => undefined), SIGN);
  signs.unref();
  try {
    return await work(async () => {
      if (!(await isHeld())) throw new LockLost(`${path} was removed`);
    });
  } finally {
    clearInterval(signs);
    if (await isHeld()) await removeIfThere(path);
  }
}

async function take(path: string, token: string): Promise<void> {
  let seen: { readonly sign: string; readonly since: number } | undefined;
  for (;;) {
    if (await create(path, token)) return;
    const sign = await signOf(path);
    if (sign === undefined) continue;
    if (seen?.sign !== sign) seen = { sign, since: performance.now() };
    else if (performance.now() - seen.since > SILENCE) {
      await takeAway(path, sign);
      continue;
    }
    await sleep(10 + 30 * Math.random());
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(token);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw directoryFailure(dirname(path), error);
  }
}

/**
 * If two processes do this at once, only one takes it: the other finds nothing, or a lock with
 * another heartbeat.
 */
async function takeAway(path: string, sign: string): Promise<void> {
  if ((await signOf(path)) !== sign) return;
  const aside = temporaryPath(dirname(path));
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await removeIfThere(aside);
}

async function signOf(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs } = await stat(path);
    return `${ino} ${mtimeMs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
