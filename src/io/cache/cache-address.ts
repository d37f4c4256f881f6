import { resolve } from 'node:path';
import { checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/** Where a cache is: no cache, an SQLite file, or a server. */
export type CacheAddress =
  | { readonly kind: 'none' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: ServerKind; readonly uri: string };

/** A kind of server that stores values of any size. */
type ServerKind = 'redis' | 'postgres';

/** Kinds of servers by the scheme of their URIs. */
const SERVERS: Readonly<Record<string, ServerKind>> = {
  redis: 'redis',
  rediss: 'redis',
  postgres: 'postgres',
  postgresql: 'postgres',
};

/**
 * Reads a cache's address: `none`, `sqlite:///absolute/path`, `sqlite://relative/path`, a plain
 * path of an SQLite file, or the URI of a server.
 *
 * @throws UsageError `cache` for an unknown scheme, or an in-memory database.
 *
 * @example
 * cacheAddress('sqlite:///srv/reelflow/cache.sqlite'); // { kind: 'sqlite', path: '/srv/reelflow/cache.sqlite' }
 */
export function cacheAddress(text: string): CacheAddress {
  checkString('cache', text);
  if (text === 'none') return { kind: 'none' };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'sqlite') {
    const path = scheme === undefined ? text : text.slice('sqlite://'.length);
    if (path === '' || path === ':memory:') {
      throw new UsageError(`a cache must be a file or a server, but is '${text}'`, {
        code: 'cache',
        remedy: 'Name a file, for instance sqlite:///var/cache/reelflow.sqlite.',
      });
    }
    return { kind: 'sqlite', path: resolve(path) };
  }
  const kind = Object.hasOwn(SERVERS, scheme) ? SERVERS[scheme] : undefined;
  if (kind === undefined) {
    throw new UsageError(`no cache is known for '${scheme}://'`, {
      code: 'cache',
      remedy: `Use ${['sqlite', ...Object.keys(SERVERS)].map((known) => `${known}://`).join(', ')}, a path, or none.`,
    });
  }
  return { kind, uri: text };
}

/** How messages refer to a cache with this kind of address. */
export function cacheAt(uri: string): string {
  return `a cache at ${uri.slice(0, uri.indexOf('://'))}://`;
}

/** The address as shown in messages, without a password. */
export function shownAddress(address: CacheAddress): string {
  if (address.kind === 'none') return 'none';
  return address.kind === 'sqlite' ? address.path : address.uri.replace(/\/\/[^/]*@/, '//***@');
}
