import { randomBytes } from 'node:crypto';
import { open, readFile, rename, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeIfThere, temporaryPath } from './atomic-file.ts';
import { directoryFailure } from './directory-failure.ts';

/** Milliseconds between two signs of life of a lock's owner. */
const SIGN = 1000;
/** A lock without a sign of life for this many of our milliseconds belongs to nobody. */
const SILENCE = 10_000;

/** The lock was taken from its owner, because that gave no sign of life. */
export class LockLost extends Error {}

/**
 * Does short work while no other process works under the same lock, on this machine or another
 * that shares the file system. Clocks need not agree: a lock is given up for lost when it shows no
 * sign of life while we watch. A process that was suspended finds out by `assertHeld`, before each
 * step that others see, that it no longer owns the lock.
 *
 * @throws LockLost when `assertHeld` finds the lock taken away; SystemError `not-writable` where it
 * cannot be made.
 *
 * @example
 * await underLock('features/.lock', async (assertHeld) => {
 *   const file = await read();
 *   await assertHeld();
 *   await write(change(file));
 * });
 */
export async function underLock<T>(path: string, work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T> {
  const token = randomBytes(16).toString('hex');
  await take(path, token);
  const isHeld = async () => (await readIfThere(path)) === token;
  // A sign of life that cannot be given is found out by `assertHeld`.
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
 * Of two processes that do this at once only one takes it: the other finds nothing, or a lock with
 * another sign of life.
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
