import { createConnection, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectSecurely } from 'node:tls';
import type { Queue, QueueEvents, Worker } from 'bullmq';
import type { RedisOptions } from 'ioredis';
import type { ClientConfig } from 'pg';
import { SystemError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { optionalPackage } from '../../core/optional-package.ts';
import { factOf } from '../../core/words-of.ts';
import { farewell } from '../farewell.ts';
import { type QueueAddress, type QueueServer, shownQueue } from './queue-address.ts';
import { Sockets } from './sockets.ts';

/** The classes of BullMQ over one kind of server, and how they connect to it. */
export interface QueueClasses {
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
  readonly QueueEvents: typeof QueueEvents;
  readonly connection: Readonly<Record<string, unknown>>;
  /** The reason for returning a job that must not be counted as failed. */
  readonly delayed: () => Error;
  readonly waiting: () => Error;
  /**
   * Ends every connection at once and for good: closing waits for the answer of a server, which may
   * be silent.
   */
  readonly cut: () => void;
}

/** Milliseconds that a server may take to answer for the first time. */
const FIRST_ANSWER = 10_000;
/** Milliseconds that a server gets for the last message to it. */
export const FAREWELL = 10_000;
/**
 * Attempts at a setup, and milliseconds before the first retry; doubled before each further one.
 */
const SETUP = { attempts: 6, firstPause: 250 };
/** Milliseconds by which the clocks of a queue on PostgreSQL may differ. */
const MOST_AHEAD = 10_000;
/** The packages that connect to each kind of server. */
const PACKAGES: Readonly<Record<QueueServer, string>> = { redis: 'ioredis', postgres: 'pg' };

/**
 * BullMQ for a server, which is pinged once; after that, restarts of the server are waited out.
 *
 * @throws SystemError `package` when one is not installed, `queue` when the server does not answer.
 */
export async function bullmqFor({ server, uri }: QueueAddress): Promise<QueueClasses> {
  const bullmq = await loaded(server);
  await firstAnswer(server, uri);
  const sockets = new Sockets();
  const common = {
    delayed: () => new bullmq.DelayedError(),
    waiting: () => new bullmq.WaitingError(),
    cut: () => sockets.cut(),
  };
  if (server === 'redis') {
    // A command waits until the server is back, however long that takes.
    const retryStrategy = (times: number) => (sockets.isCut ? null : Math.min(50 * 2 ** Math.min(times, 5), 1000));
    const Connector = await redisConnector(sockets);
    return { ...bullmq, ...common, connection: { url: uri, maxRetriesPerRequest: null, retryStrategy, Connector } };
  }
  const classes = bullmq.withBackend(bullmq.createPostgresBackend);
  const stream = () => sockets.add(new Socket());
  const connection = { connectionString: uri, migrate: true, Client: await lastingClient(), stream };
  return { ...(classes as unknown as QueueClasses), ...common, connection };
}

/** What BullMQ opens. */
interface Opened {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<unknown>;
}

/**
 * Opens a part of a queue, connected and with its tables. BullMQ never repeats a failed setup
 * (which happens when several processes create the tables of a fresh PostgreSQL at the same time)
 * but polls in an endless loop that blocks the process; so a new part is opened instead.
 *
 * @param open - opens it without running it.
 * @throws SystemError `queue` if it fails every time.
 */
export async function connected<Part extends Opened>(open: () => Part): Promise<Part> {
  for (let attempt = 1; ; attempt += 1) {
    const part = open();
    try {
      await part.waitUntilReady();
      return part;
    } catch (cause) {
      await farewell(part.close(), FAREWELL).catch(() => undefined);
      if (attempt === SETUP.attempts) {
        throw new SystemError('queue', `the queue cannot be set up: ${factOf(cause)}`, {
          remedy: 'Look at the log of its server.',
          cause,
        });
      }
      await sleep(SETUP.firstPause * 2 ** (attempt - 1));
    }
  }
}

/** Connects Redis clients as they connect themselves, but with sockets that can be cut. */
async function redisConnector(sockets: Sockets) {
  const { AbstractConnector } = await import('ioredis');
  return class extends AbstractConnector {
    readonly #options: RedisOptions;

    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? 0);
      this.#options = options as RedisOptions;
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      const { host = 'localhost', port = 6379, path, family, tls } = this.#options;
      const place = given({ host, port, path, family });
      const stream = sockets.add(tls === undefined ? createConnection(place) : connectSecurely({ ...place, ...tls }));
      stream.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}

/**
 * A client whose connection may end while it is in use: pending queries then fail, and the process
 * continues. Nothing else listens for `error`, and without a listener the event would end the
 * process.
 */
async function lastingClient() {
  const { default: pg } = await import('pg');
  return class extends pg.Client {
    constructor(config?: string | ClientConfig) {
      super(config);
      this.on('error', () => undefined);
    }
  };
}

function loaded(server: QueueServer): Promise<typeof import('bullmq')> {
  return optionalPackage(['bullmq', PACKAGES[server]], `a queue at ${server}://`, async () => {
    await import(PACKAGES[server]);
    return import('bullmq');
  });
}

/** @throws SystemError `queue` unless the server answers. */
async function firstAnswer(server: QueueServer, uri: string): Promise<void> {
  try {
    if (server === 'redis') await pingRedis(uri);
    else await pingPostgres(uri);
  } catch (cause) {
    if (cause instanceof SystemError) throw cause;
    throw new SystemError('queue', `the queue ${shownQueue(uri)} cannot be reached: ${factOf(cause)}`, {
      remedy: 'Start its server, or correct the address and its password.',
      cause,
    });
  }
}

async function pingRedis(uri: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(uri, {
    lazyConnect: true,
    connectTimeout: FIRST_ANSWER,
    commandTimeout: FIRST_ANSWER,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // The reason arrives as an event; the command itself only says that the connection is closed.
  let reason: unknown;
  client.on('error', (error) => {
    reason = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}

async function pingPostgres(uri: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString: uri,
    connectionTimeoutMillis: FIRST_ANSWER,
    query_timeout: FIRST_ANSWER,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const asked = Date.now();
    const { rows } = await client.query('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now');
    checkClock((asked + Date.now()) / 2 - Number(rows[0]?.now));
  } finally {
    await client.end();
  }
}

/**
 * BullMQ makes PostgreSQL rely on its clients' clocks: a worker whose clock is ahead considers the
 * jobs of others abandoned, and one whose clock is behind loses its own.
 */
function checkClock(ahead: number): void {
  if (Math.abs(ahead) <= MOST_AHEAD) return;
  const seconds = Math.round(Math.abs(ahead) / 1000);
  throw new SystemError(
    'queue',
    `the clock of this machine is ${seconds} seconds ${ahead > 0 ? 'ahead of' : 'behind'} that of the queue's server, and jobs on PostgreSQL depend on the clocks of their workers`,
    { remedy: 'Synchronise both clocks (NTP), or use a queue on Redis, which uses its own.' },
  );
}
