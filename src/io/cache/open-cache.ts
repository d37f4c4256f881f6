import { dirname } from 'node:path';
import Keyv, { type KeyvStoreAdapter } from 'keyv';
import { makeDirectory } from '../../core/atomic-file.ts';
import { UsageError } from '../../core/errors.ts';
import { type CacheAddress, cacheAddress, shownAddress } from './cache-address.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { UnitCache } from './unit-cache.ts';

/** Milliseconds that a server may take to answer the first question, and any other. */
const FIRST_ANSWER = 10_000;
const ANSWER = 5000;
/** Milliseconds that a connection may take to close before it is not waited for. */
const FAREWELL = 2000;

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
  const keyv = new Keyv({ store, ...asBytes, ...settings });
  return { ...overKeyv(keyv), close: () => keyv.disconnect() };
}

async function openServer(uri: string, adapter: string): Promise<UnitCache> {
  let loaded: { readonly default: new (server: string | PostgresServer) => KeyvStoreAdapter };
  try {
    loaded = await import(adapter);
  } catch (cause) {
    throw new UsageError(`a cache at ${uri.slice(0, uri.indexOf('://'))}:// needs ${adapter}, which cannot be loaded`, {
      code: 'cache',
      remedy: `Install it: \`npm install ${adapter}\`.`,
      cause,
    });
  }
  const isPostgres = adapter === '@keyv/postgres';
  const store = new loaded.default(
    isPostgres ? { uri, connectionTimeoutMillis: FIRST_ANSWER, query_timeout: ANSWER, keepAlive: true } : uri,
  );
  const cache = overKeyv(new Keyv({ store, ...asText, ...settings }));
  const close = () => endConnection(store);
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), FIRST_ANSWER);
    // An adapter that would connect again and again tells here why it cannot.
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

/** What the adapter of PostgreSQL takes: the address, and options of its connections. */
interface PostgresServer {
  readonly uri: string;
  readonly connectionTimeoutMillis: number;
  readonly query_timeout: number;
  readonly keepAlive: boolean;
}

/** Lets a server go without a farewell: one that has gone away would be waited for, and connected to again, without an end. */
async function endConnection(store: KeyvStoreAdapter): Promise<void> {
  const { disconnect } = store as { readonly disconnect?: (force: boolean) => Promise<void> };
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FAREWELL);
  });
  // What was never connected has nothing to say at its end that was not said before.
  const ended = Promise.resolve(disconnect?.call(store, true)).catch(() => undefined);
  await Promise.race([ended, enough]);
  clearTimeout(timer);
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

function overKeyv(keyv: Keyv): Pick<UnitCache, 'get' | 'set'> {
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
  };
}

function cannotOpen(address: CacheAddress, cause: unknown): UsageError {
  return new UsageError(`the cache ${shownAddress(address)} cannot be opened: ${reasonOf(cause)}`, {
    code: 'cache',
    remedy: 'Name another file or server, or leave --cache out.',
    cause,
  });
}

/** Of a host with several addresses each attempt has its own error, and the error of all has no text. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
