import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockLost } from '../../core/file-lock.ts';
import { PROCESS_NAME } from '../../core/process-identity.ts';
import type { ObjectStore } from './object-store.ts';

/** Milliseconds between two signs of life of a lease's owner. */
const SIGN = 5000;
/** A lease without a sign of life for this many of our milliseconds belongs to nobody. */
const SILENCE = 30_000;

/** How long a lease lives, for tests. */
export interface LeaseTimes {
  readonly sign?: number | undefined;
  readonly silence?: number | undefined;
}

/**
 * Does work while nobody else works under the same lease, which is an object that names its owner.
 * As with `underLock`, clocks need not agree, and a process that was suspended finds out by
 * `assertHeld` that it no longer owns the lease.
 *
 * @throws LockLost when it was taken away; SystemError `object-store`.
 *
 * @example
 * declare const store: ObjectStore;
 * await underLease(store, '_lock', async (assertHeld) => {
 *   await assertHeld();
 * });
 */
export async function underLease<T>(
  store: ObjectStore,
  name: string,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
  { sign = SIGN, silence = SILENCE }: LeaseTimes = {},
): Promise<T> {
  const holder = `${PROCESS_NAME}~${randomBytes(8).toString('hex')}`;
  let turn = 0;
  // Other bytes, and so another tag, for each sign of life.
  const content = () => Buffer.from(`${holder} ${turn++}`);
  let etag: string | undefined = await take(store, name, content, silence);
  let signing: Promise<void> = Promise.resolve();
  const signs = setInterval(() => {
    signing = signing.then(async () => {
      if (etag === undefined) return;
      // A failed sign of life is given the next time; a refused one means that the lease is lost.
      await store.put(name, content(), { etag }).then(
        (next) => {
          etag = next;
        },
        () => undefined,
      );
    });
  }, sign);
  signs.unref();
  const isHeld = async () => {
    const found = etag === undefined ? undefined : await store.get(name);
    return found !== undefined && Buffer.from(found.bytes).toString().startsWith(`${holder} `);
  };
  try {
    return await work(async () => {
      if (!(await isHeld())) throw new LockLost(`${store.address}/${name} was taken away`);
    });
  } finally {
    clearInterval(signs);
    await signing;
    // One that cannot be given back lapses, and what was done, or failed, stands.
    await isHeld()
      .then((held) => (held ? store.delete(name) : undefined))
      .catch(() => undefined);
  }
}

async function take(store: ObjectStore, name: string, content: () => Buffer, silence: number): Promise<string> {
  let seen: { readonly etag: string; readonly since: number } | undefined;
  for (;;) {
    const taken = await store.put(name, content(), 'absent');
    if (taken !== undefined) return taken;
    const found = await store.head(name);
    if (found === undefined) continue;
    if (seen?.etag !== found.etag) seen = { etag: found.etag, since: performance.now() };
    else if (performance.now() - seen.since > silence) {
      // Of several that do this at once one is first.
      const takenOver = await store.put(name, content(), { etag: found.etag });
      if (takenOver !== undefined) return takenOver;
    }
    await sleep(100 + 200 * Math.random());
  }
}
