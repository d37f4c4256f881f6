import { setTimeout as sleep } from 'node:timers/promises';
import { optionalPackage } from '../../core/optional-package.ts';
import { cacheAt } from './cache-address.ts';
import type { UnitCache } from './unit-cache.ts';

/**
 * The table of Keyv's adapter for SQLite, so that files of earlier versions, which used the
 * adapter, can be opened unchanged.
 */
const CREATE = 'CREATE TABLE IF NOT EXISTS units (key VARCHAR(255) PRIMARY KEY, value TEXT)';
const SELECT = 'SELECT value FROM units WHERE key = ?';
const UPSERT = 'INSERT INTO units (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
/** Milliseconds that a statement waits for other processes' writes. */
const PATIENCE = 30_000;
/**
 * SQLite's primary codes for a file that another process is writing, and for one that it cannot
 * open.
 */
const [BUSY, CANNOT_OPEN] = [5, 14];

/**
 * The parts of `libsql/promise` that are used here; its own types do not describe what it returns.
 */
interface Database {
  exec(sql: string): Promise<void>;
  prepare(sql: string): Promise<Statement>;
  close(): void;
}

interface Statement {
  run(...values: readonly unknown[]): void;
  all(...values: readonly unknown[]): Promise<readonly unknown[]>;
}

/**
 * Opens a cache in an SQLite file, which is created if it is missing, with a write-ahead log, so
 * that any number of processes can read and write at the same time. Values are stored as plain
 * bytes.
 *
 * @throws SystemError `package` when `libsql` is not installed; otherwise SQLite's error.
 */
export async function openSqliteCache(path: string): Promise<UnitCache> {
  const database = await openDatabase(path);
  let last: Promise<unknown> = Promise.resolve();
  // SQLite works on its own thread, one statement at a time: a second call on the connection in the
  // meantime would block this thread.
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  const close = () => next(async () => database.close());
  try {
    await next(() => prepareFile(database));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    get: (key) => next(() => read(database, keyOf(key))),
    set: (key, bytes) => next(() => write(database, keyOf(key), bytes)),
    close,
  };
}

async function prepareFile(database: Database): Promise<void> {
  await inTurn(() => database.exec('PRAGMA journal_mode = WAL'));
  // With a write-ahead log a power cut may cost the latest entries, but never harms the file.
  await inTurn(() => database.exec('PRAGMA synchronous = NORMAL'));
  await inTurn(() => database.exec(CREATE));
}

async function read(database: Database, key: string): Promise<Uint8Array | undefined> {
  const [row] = await inTurn(async () => (await database.prepare(SELECT)).all(key));
  return row === undefined ? undefined : bytesOf((row as { readonly value: unknown }).value);
}

/**
 * Only `exec` waits for the disk and for other processes outside this thread; the rest only copies.
 */
async function write(database: Database, key: string, bytes: Uint8Array): Promise<void> {
  await inTurn(() => database.exec('BEGIN IMMEDIATE'));
  try {
    const statement = await database.prepare(UPSERT);
    statement.run(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    await database.exec('COMMIT');
  } catch (error) {
    // After some failures SQLite has already ended the transaction; one that is still open would
    // make the next write fail.
    await database.exec('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function openDatabase(path: string): Promise<Database> {
  const Libsql = await loadLibsql();
  try {
    return new Libsql(path, { timeout: 0 });
  } catch (error) {
    if (!String(error).includes(`: ${CANNOT_OPEN}"`)) throw error;
    throw new Error('it is not a file that can be read and written', { cause: error });
  }
}

function loadLibsql(): Promise<new (path: string, options: { readonly timeout: number }) => Database> {
  return optionalPackage('libsql', cacheAt('sqlite://'), async () => (await import('libsql/promise')).default);
}

/**
 * Retries while another process is writing. SQLite's own way of waiting would occupy the connection
 * in the meantime.
 */
async function inTurn<T>(statement: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await statement();
    } catch (error) {
      const { rawCode = 0 } = error as { readonly rawCode?: number | undefined };
      if ((rawCode & 0xff) !== BUSY || performance.now() > deadline) throw error;
      await sleep(5 + 20 * Math.random());
    }
  }
}

/** Keyv's namespace, which the entries of earlier versions have. */
function keyOf(key: string): string {
  return `reelflow:${key}`;
}

/**
 * Bytes unchanged; text, which this program never writes, as its bytes, which the reader will
 * refuse.
 */
function bytesOf(value: unknown): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : Buffer.from(String(value));
}
