import { randomBytes } from 'node:crypto';
import { openS3Store } from './s3-store.ts';

/** How a store handles conditional writes. */
export interface StoreCheck {
  /** Whether it refuses a second write to a name that may only be written once. */
  readonly refusesSecondWrite: boolean;
  /** Whether it refuses to replace an object that somebody else has replaced in the meantime. */
  readonly refusesStaleReplace: boolean;
  /** Whether an object is listed and read as soon as it is written, and gone when it is removed. */
  readonly showsAtOnce: boolean;
}

/**
 * Tests what a dataset in an object store depends on, with a temporary object below the prefix.
 *
 * @throws what `openS3Store` throws; SystemError `object-store` if the store cannot be used at all.
 *
 * @example
 * const { refusesSecondWrite } = await checkStore('s3://films/features');
 */
export async function checkStore(address: string): Promise<StoreCheck> {
  const store = await openS3Store(address);
  const name = `_doctor/${randomBytes(8).toString('hex')}`;
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  try {
    const written = await store.put(name, first, 'absent');
    const listed: string[] = [];
    for await (const object of store.list('_doctor/')) listed.push(object.name);
    const isShown = written !== undefined && listed.includes(name);
    const again = await store.put(name, second, 'absent');
    const kept = await store.get(name);
    const refusesSecondWrite = again === undefined && kept !== undefined && first.equals(kept.bytes);
    const replaced = await store.put(name, second, { etag: again ?? written ?? '' });
    const stale = await store.put(name, first, { etag: written ?? '' });
    const now = await store.get(name);
    const refusesStaleReplace =
      replaced !== undefined && stale === undefined && now !== undefined && second.equals(now.bytes);
    await store.delete(name);
    return { refusesSecondWrite, refusesStaleReplace, showsAtOnce: isShown && (await store.get(name)) === undefined };
  } finally {
    // Removes them again in case something went wrong before; any remains do no harm.
    await store.delete(name).catch(() => undefined);
    store.close();
  }
}
