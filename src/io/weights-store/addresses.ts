import { shown } from '../../core/check.ts';
import { SystemError, UsageError } from '../../core/errors.ts';
import { isLoopback } from '../../core/loopback.ts';

/**
 * An address as messages and records show it: a query may hold a signature that opens the file to
 * anybody, and is left out.
 */
export function shownAddress(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * The address of a download: https, or http of this machine itself.
 *
 * @throws UsageError when it is none, or carries a user's name or password.
 */
export function sourceAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttps = url?.protocol === 'https:';
  if (!url || !(isHttps || (url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw new UsageError(
      `\`source\` must be an https:// address, but is ${url ? `'${withoutSecrets(url)}'` : shown(text)}`,
      {
        option: 'source',
        remedy: "A file that is on this machine already: `importWeights({ name: 'NAME', file: 'FILE' })`.",
      },
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('`source` must be an address without a user name and password', { option: 'source' });
  }
  return url;
}

/**
 * Where a redirect leads. Only https is followed, and http between addresses of this machine: never
 * to another scheme, never from https to plain http, never from the network to a server on this
 * machine.
 *
 * @throws SystemError `download` when the redirect is refused.
 */
export function redirectTarget(source: URL, from: URL, location: string | undefined): URL {
  const target = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (!target) throw new SystemError('download', `${shownAddress(from)} redirects without saying where`);
  const toLoopback = isLoopback(target.hostname);
  const allowed =
    target.username === '' &&
    target.password === '' &&
    (target.protocol === 'https:' || (target.protocol === 'http:' && toLoopback && from.protocol === 'http:')) &&
    (!toLoopback || isLoopback(source.hostname));
  if (!allowed) {
    throw new SystemError(
      'download',
      `${shownAddress(from)} redirects to ${withoutSecrets(target)}, which is not allowed`,
      {
        remedy: 'Only https:// addresses without user names are followed; give another one as `source`.',
      },
    );
  }
  return target;
}

function withoutSecrets(url: URL): string {
  return `${url.protocol}${url.host === '' ? '' : '//'}${url.host}${url.pathname}`.slice(0, 200);
}
