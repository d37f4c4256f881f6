import { dirname } from 'node:path';
import Keyv, { type KeyvStoreAdapter } from 'keyv';
import { UsageError } from '../../errors.ts';
import { makeDirectory } from '../dataset/atomic-file.ts';
import { type CacheAddress, cacheAddress, shownAddress } from './cache-address.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { UnitCache } from './unit-cache.ts';

/** Milliseconds that a server may take to answer the first question. */
const FIRST_ANSWER = 10_000;

/**
 * Opens the cache at an address, through Keyv: an SQLite file, made if it is missing and shared by any number of
 * processes, or a server whose adapter is installed. `none` is no cache. In an SQLite file a value takes its own bytes; a
 * server keeps text, so there it takes a third more (base64).
 *
 * @throws UsageError `cache` when the address is not understood, its adapter is not installed, or it cannot be opened.
 *
 * @example
 * const cache = await openUnitCache('sqlite:///srv/reelflow/cache.sqlite');
 */
export async function openUnitCache(uri: string): Promise<UnitCache | undefined> {
  const address = cacheAddress(uri);
  if (address.kind === 'none') return undefined;
  try {
    return address.kind === 'sqlite' ? await openFile(address.path) : await openServer(address.uri, address.adapter);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw cannotOpen(address, error);
  }
}

async function openFile(path: string): Promise<UnitCache> {
  await makeDirectory(dirname(path));
  const store = await openSqliteStore(path);
  return overKeyv(new Keyv({ store, ...asBytes, ...settings }));
}

async function openServer(uri: string, adapter: string): Promise<UnitCache> {
  let loaded: { readonly default: new (uri: string) => KeyvStoreAdapter };
  try {
    loaded = await import(adapter);
  } catch (cause) {
    throw new UsageError(`a cache at ${uri.slice(0, uri.indexOf('://'))}:// needs ${adapter}, which cannot be loaded`, {
      code: 'cache',
      remedy: `Install it: \`npm install ${adapter}\`.`,
      cause,
    });
  }
  const cache = overKeyv(new Keyv({ store: new loaded.default(uri), ...asText, ...settings }));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), FIRST_ANSWER);
  });
  try {
    await Promise.race([cache.get('whether it answers'), late]);
  } finally {
    clearTimeout(timer);
  }
  return cache;
}

/** Errors are thrown as well as emitted, and the namespace keeps out of the way of other uses of a server. */
const settings = { namespace: 'reelflow', throwOnErrors: true };

/** Keyv's own serialization is JSON with base64 in it; SQLite takes the bytes as they are. Keyv's types know only text. */
const asBytes = {
  serialize: ({ value }: { value?: unknown }) => value as string,
  deserialize: (text: string) => ({ value: Buffer.from(text) as never, expires: undefined }),
};

const asText = {
  serialize: ({ value }: { value?: unknown }) => (value as Buffer).toString('base64'),
  deserialize: (text: string) => ({ value: Buffer.from(text, 'base64') as never, expires: undefined }),
};

function overKeyv(keyv: Keyv): UnitCache {
  // Without a listener the emitter would throw them out of nowhere.
  keyv.on('error', () => {});
  return {
    get: async (key) => {
      const raw: unknown = await keyv.getRaw(key);
      if (raw === undefined || raw instanceof Uint8Array) return raw;
      const { value } = Object(raw) as { value?: unknown };
      // Whatever else is there was not set by this program: bytes that are no unit.
      return value instanceof Uint8Array ? value : Buffer.from(String(raw));
    },
    set: async (key, bytes) => {
      await keyv.set(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    close: () => keyv.disconnect(),
  };
}

function cannotOpen(address: CacheAddress, cause: unknown): UsageError {
  return new UsageError(`the cache ${shownAddress(address)} cannot be opened: ${(cause as Error).message}`, {
    code: 'cache',
    remedy: 'Name another file or server, or leave --cache out.',
    cause,
  });
}
