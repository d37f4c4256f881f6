import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockLost } from '../../core/file-lock.ts';
import { PROCESS_NAME } from '../../core/process-identity.ts';
import type { ObjectStore } from './object-store.ts';

/** Milliseconds between two heartbeats of a lease's owner. */
const SIGN = 5000;
/** A lease without a heartbeat for this many milliseconds by our clock has lapsed. */
const SILENCE = 30_000;

/** How long a lease lasts, for tests. */
export interface LeaseTimes {
  readonly sign?: number | undefined;
  readonly silence?: number | undefined;
}

/**
 * Does work while nobody else works under the same lease, which is an object that names its owner.
 * As with `underLock`, clocks need not agree, and a process that was suspended learns from
 * `assertHeld` that it no longer owns the lease.
 *
 * @throws LockLost if the lease was taken over; SystemError `object-store`.
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
  // Each heartbeat writes different bytes, and so gets a different tag.
  const content = () => Buffer.from(`${holder} ${turn++}`);
  let etag: string | undefined = await take(store, name, content, silence);
  let signing: Promise<void> = Promise.resolve();
  const signs = setInterval(() => {
    signing = signing.then(async () => {
      if (etag === undefined) return;
      // A failed heartbeat is made up for by the next one; a refused one means that the lease is
      // lost.
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
    // If the lease cannot be released, it lapses, and the result of the work stands.
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
      // If several processes do this at the same time, one is first.
      const takenOver = await store.put(name, content(), { etag: found.etag });
      if (takenOver !== undefined) return takenOver;
    }
    await sleep(100 + 200 * Math.random());
  }
}
