import { ObjectServer } from '../fixtures/object-server.ts';
import { PostgresServer, postgresMissing } from '../fixtures/postgres-server.ts';
import { RedisServer, redisMissing } from '../fixtures/redis-server.ts';

/** The servers of queues that faults can be done to: why one is missing here, and its start. */
export const QUEUE_SERVERS = {
  Redis: { missing: redisMissing, start: () => RedisServer.start() },
  PostgreSQL: { missing: postgresMissing, start: () => PostgresServer.start() },
} as const;

/** A kind of server of queues. */
export type QueueServerName = keyof typeof QUEUE_SERVERS;

/** A server of queues. */
export type QueueServer = RedisServer | PostgresServer;

/** A store of objects that a campaign's dataset lies in, and where the SDK finds it. */
export interface StoreOfDataset {
  readonly objects: ObjectServer;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a campaign needs beside its processes. */
export interface FleetServers {
  readonly queue?: QueueServer;
  readonly store?: StoreOfDataset;
}

/**
 * What divides the corpus of a campaign among its processes: the server of a queue, or shards,
 * whose dataset may lie in an object store.
 */
export const FLEETS = {
  Redis: { ...QUEUE_SERVERS.Redis, start: async (): Promise<FleetServers> => ({ queue: await RedisServer.start() }) },
  PostgreSQL: {
    ...QUEUE_SERVERS.PostgreSQL,
    start: async (): Promise<FleetServers> => ({ queue: await PostgresServer.start() }),
  },
  shards: { missing: undefined, start: async (): Promise<FleetServers> => ({}) },
  S3: {
    missing: undefined,
    start: async (): Promise<FleetServers> => {
      const objects = new ObjectServer();
      return { store: { objects, environment: await objects.start() } };
    },
  },
} as const;

/** A kind of fleet. */
export type FleetName = keyof typeof FLEETS;
