import { Socket } from 'node:net';
import { optionalPackage } from '../../core/optional-package.ts';
import { cacheAt } from './cache-address.ts';
import { ANSWER, closed, FIRST_ANSWER } from './server-patience.ts';
import type { UnitCache } from './unit-cache.ts';

const TABLE = 'reelflow_units';
/**
 * What PostgreSQL says of a table that is not there, and of one that another process makes at the
 * same time.
 */
const [UNDEFINED_TABLE, UNIQUE_VIOLATION] = ['42P01', '23505'];

/**
 * Opens a cache in the table `reelflow_units` of a PostgreSQL database, made if it is missing;
 * values are the bytes that they are.
 *
 * @throws SystemError `package` when `pg` is not installed; otherwise what the server says.
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
  // Of a connection that ends while nothing is asked; the next question opens another one, or says
  // what is wrong.
  pool.on('error', () => {});
  const close = async () => {
    await closed(pool.end());
    // A server that has stopped never closes its side, and would keep this process.
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
 * Makes the table where it is missing: whoever may only read and write one that is there needs no
 * other right.
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
