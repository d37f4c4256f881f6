import { checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/** A kind of server that a queue may be on. */
export type QueueServer = 'redis' | 'postgres';

/** Where a queue is. */
export interface QueueAddress {
  readonly server: QueueServer;
  readonly uri: string;
}

/** Servers by the scheme of their URIs. */
const SERVERS: ReadonlyMap<string, QueueServer> = new Map([
  ['redis', 'redis'],
  ['rediss', 'redis'],
  ['postgres', 'postgres'],
  ['postgresql', 'postgres'],
]);

/**
 * Parses the address of a queue's server: `redis://`, `rediss://` (TLS) or `postgres://`.
 *
 * @throws UsageError for anything else.
 *
 * @example
 * queueAddress('redis://queue.internal:6379/1'); // { server: 'redis', uri: 'redis://...' }
 */
export function queueAddress(text: string): QueueAddress {
  checkString('queue', text);
  const scheme = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : '';
  const server = SERVERS.get(scheme);
  if (server !== undefined) return { server, uri: text };
  const uris = [...SERVERS.keys()].map((each) => `${each}://`).join(', ');
  throw new UsageError(`\`queue\` must be the address of a server, but is '${shownQueue(text)}'`, {
    option: 'queue',
    remedy: `Begin it with one of ${uris}: \`queue: 'redis://localhost:6379'\`.`,
  });
}

/** The address as shown in messages, without user and password. */
export function shownQueue(uri: string): string {
  if (!/[@?]/.test(uri)) return uri;
  const [scheme = ''] = /^[a-z]+:\/\//i.exec(uri) ?? [];
  if (!URL.canParse(uri)) return `${scheme}***`;
  const { username, password, host, pathname, search } = new URL(uri);
  return `${scheme}${username === '' && password === '' ? '' : '***@'}${host}${pathname}${search === '' ? '' : '?***'}`;
}
