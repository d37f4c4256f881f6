import { setTimeout as sleep } from 'node:timers/promises';
import type KeyvSqlite from '@keyv/sqlite';
import { SystemError } from '../../core/errors.ts';

/** Milliseconds that a statement waits for other processes' writes. */
const BUSY_TIMEOUT = 30_000;

/** Loads the adapter. @throws SystemError `cache` when it is not installed. */
async function loadAdapter(): Promise<typeof KeyvSqlite> {
  try {
    return (await import('@keyv/sqlite')).default;
  } catch (cause) {
    throw new SystemError('cache', 'a cache in an SQLite file needs @keyv/sqlite, which cannot be loaded', {
      remedy:
        'Install it (`npm install @keyv/sqlite`; its sqlite3 must be allowed its install script), or leave `cache` out.',
      cause,
    });
  }
}

/**
 * Opens an SQLite file as a store of Keyv, with a write-ahead log and a busy timeout, so that any number of processes
 * read and write at once.
 *
 * @throws SystemError `cache` when the adapter is not installed; otherwise what SQLite says.
 */
export async function openSqliteStore(path: string): Promise<KeyvSqlite> {
  const Adapter = await loadAdapter();
  const deadline = performance.now() + BUSY_TIMEOUT;
  for (;;) {
    const store = new Adapter({ uri: `sqlite://${path}`, busyTimeout: BUSY_TIMEOUT, table: 'units' });
    // Keyv is not there yet to hear of it; the query below fails with the same error.
    store.on('error', () => {});
    try {
      await store.query('PRAGMA journal_mode = WAL');
      // With a write-ahead log a power cut may cost the latest entries, but never harms the file.
      await store.query('PRAGMA synchronous = NORMAL');
      return store;
    } catch (error) {
      // The first error tells more than that what never opened does not close.
      await store.disconnect().catch(() => {});
      // Changing to the log mode takes the whole file, and does not wait for its turn as other statements do.
      if ((error as NodeJS.ErrnoException).code !== 'SQLITE_BUSY' || performance.now() > deadline) throw error;
      await sleep(20 + 80 * Math.random());
    }
  }
}
