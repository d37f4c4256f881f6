import { dirname } from 'node:path';
import type Keyv from 'keyv';
import { makeDirectory } from '../../core/atomic-file.ts';
import { ReelflowError, SystemError } from '../../core/errors.ts';
import { optionalPackage } from '../../core/optional-package.ts';
import { factOf } from '../../core/words-of.ts';
import { type CacheAddress, cacheAddress, cacheAt, shownAddress } from './cache-address.ts';
import { openPostgresCache } from './postgres-cache.ts';
import { ANSWER, closed, FIRST_ANSWER } from './server-patience.ts';
import { openSqliteCache } from './sqlite-cache.ts';
import type { UnitCache } from './unit-cache.ts';

/**
 * Opens the cache at an address: an SQLite file, which is created if it is missing and may be
 * shared by any number of processes, or a server whose package is installed. `none` means no cache.
 * A value takes its own size, but in Redis, which is accessed through Keyv and stores text, a third
 * more (base64).
 *
 * @throws UsageError `cache` when the address is invalid; SystemError `package` when a required
 * package is not installed, `cache` when it cannot be opened.
 *
 * @example
 * const cache = await openUnitCache('sqlite:///srv/reelflow/cache.sqlite');
 */
export async function openUnitCache(uri: string): Promise<UnitCache | undefined> {
  const address = cacheAddress(uri);
  if (address.kind === 'none') return undefined;
  try {
    if (address.kind === 'sqlite') return await openFile(address.path);
    return await (address.kind === 'redis' ? openRedis : openPostgresCache)(address.uri);
  } catch (error) {
    if (error instanceof ReelflowError) throw error;
    throw cannotOpen(address, error);
  }
}

async function openFile(path: string): Promise<UnitCache> {
  await makeDirectory(dirname(path));
  return await openSqliteCache(path);
}

async function openRedis(uri: string): Promise<UnitCache> {
  // Keyv is installed with its adapter.
  const [Keyv, KeyvRedis] = await optionalPackage('@keyv/redis', cacheAt(uri), async () => {
    return [(await import('keyv')).default, (await import('@keyv/redis')).default] as const;
  });
  const store = new KeyvRedis(uri);
  const cache = overKeyv(new Keyv({ store, ...asText, ...settings }));
  // Disconnects without waiting: otherwise a server that has gone away would be waited for, and
  // reconnected to, forever.
  const close = () => closed(Promise.resolve(store.disconnect(true)));
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), FIRST_ANSWER);
    // An adapter that keeps reconnecting reports the reason here.
    store.on('error', reject);
  });
  try {
    await Promise.race([cache.get('whether it answers'), failed]);
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { ...cache, patience: ANSWER, close };
}

/**
 * Errors are thrown as well as emitted, and the namespace avoids conflicts with other uses of a
 * server.
 */
const settings = { namespace: 'reelflow', throwOnErrors: true };

/** Keyv's own serialization is JSON with base64 in it. */
const asText = {
  serialize: ({ value }: { value?: unknown }) => (value as Buffer).toString('base64'),
  deserialize: (text: string) => ({ value: Buffer.from(text, 'base64') as never, expires: undefined }),
};

function overKeyv(keyv: Keyv): Pick<UnitCache, 'get' | 'set' | 'delete'> {
  // Without a listener, the emitter would throw the errors outside of any call.
  keyv.on('error', () => {});
  return {
    get: (key) => keyv.get<Uint8Array>(key),
    set: async (key, bytes) => {
      await keyv.set(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    delete: async (key) => void (await keyv.delete(key)),
  };
}

function cannotOpen(address: CacheAddress, cause: unknown): SystemError {
  return new SystemError('cache', `the cache ${shownAddress(address)} cannot be opened: ${factOf(cause)}`, {
    remedy: 'Name another file or server, or leave `cache` out.',
    cause,
  });
}
