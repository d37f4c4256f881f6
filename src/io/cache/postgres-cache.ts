import { Socket } from 'node:net';
import { optionalPackage } from '../../core/optional-package.ts';
import { cacheAt } from './cache-address.ts';
import { ANSWER, closed, FIRST_ANSWER } from './server-patience.ts';
import type { UnitCache } from './unit-cache.ts';

const TABLE = 'reelflow_units';
/**
 * PostgreSQL's error codes for a table that does not exist, and for one that another process
 * creates at the same time.
 */
const [UNDEFINED_TABLE, UNIQUE_VIOLATION] = ['42P01', '23505'];

/**
 * Opens a cache in the table `reelflow_units` of a PostgreSQL database, which is created if it is
 * missing. Values are stored as plain bytes.
 *
 * @throws SystemError `package` when `pg` is not installed; otherwise the server's error.
 */
export async function openPostgresCache(uri: string): Promise<UnitCache> {
  const { Pool } = await optionalPackage('pg', cacheAt(uri), async () => (await import('pg')).default);
  const sockets = new Set<Socket>();
  const pool = new Pool({
    connectionString: uri,
    connectionTimeoutMillis: FIRST_ANSWER,
    query_timeout: ANSWER,
    keepAlive: true,
    stream: () => {
      const socket = new Socket();
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      return socket;
    },
  });
  // For a connection that ends while idle: the next query opens another one, or reports what is
  // wrong.
  pool.on('error', () => {});
  const close = async () => {
    await closed(pool.end());
    // A stopped server never closes its side, and would keep this process alive.
    for (const socket of sockets) socket.destroy();
  };
  try {
    await makeTable((sql) => pool.query(sql));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    patience: ANSWER,
    get: async (key) => {
      const { rows } = await pool.query<{ value: Buffer }>(`SELECT value FROM ${TABLE} WHERE key = $1`, [key]);
      return rows[0]?.value;
    },
    set: async (key, bytes) => {
      const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const insert = `INSERT INTO ${TABLE} (key, value) VALUES ($1, $2)`;
      await pool.query(`${insert} ON CONFLICT (key) DO UPDATE SET value = excluded.value`, [key, value]);
    },
    delete: async (key) => void (await pool.query(`DELETE FROM ${TABLE} WHERE key = $1`, [key])),
    close,
  };
}

/**
 * Creates the table only if it is missing, so that reading and writing an existing one needs no
 * further rights.
 */
async function makeTable(query: (sql: string) => Promise<unknown>): Promise<void> {
  try {
    await query(`SELECT FROM ${TABLE} LIMIT 0`);
  } catch (error) {
    if (codeOf(error) !== UNDEFINED_TABLE) throw error;
    try {
      await query(`CREATE TABLE IF NOT EXISTS ${TABLE} (key text PRIMARY KEY, value bytea NOT NULL)`);
    } catch (refusal) {
      if (codeOf(refusal) !== UNIQUE_VIOLATION) throw refusal;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string | undefined }).code;
}
