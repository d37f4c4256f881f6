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

/** What divides the corpus of a campaign among its processes: the server of a queue, or shards. */
export const FLEETS = {
  ...QUEUE_SERVERS,
  shards: { missing: undefined, start: async () => undefined },
} as const;

/** A kind of fleet. */
export type FleetName = keyof typeof FLEETS;
