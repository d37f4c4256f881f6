import { SystemError } from '../../core/errors.ts';
import { isLoopback } from '../../core/loopback.ts';
import { isPrivateHost } from '../../core/private-host.ts';

/** Where redirects of a request may lead. */
export interface RedirectRules {
  /** The remedy to show for a redirect that may not be followed. */
  readonly remedy: string;
  /** Whether plain http may lead to plain http on other machines. */
  readonly plain: boolean;
  /** Whether they may lead into private networks: only if the first address was in one. */
  readonly private: boolean;
}

/**
 * An address as shown in messages and records, without its query, which may be a signature that
 * gives anybody access to the file.
 */
export function shownAddress(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * Where a redirect leads. Only http and https are followed: never from https to plain http, never
 * with a password, and never from the network into a private one or to this machine.
 *
 * @throws SystemError `download` when the redirect is refused.
 */
export function redirectTarget(from: URL, location: string | undefined, rules: RedirectRules): URL {
  const target = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (!target) throw new SystemError('download', `${shownAddress(from)} redirects without saying where`);
  const isPlain =
    target.protocol === 'http:' && from.protocol === 'http:' && (rules.plain || isLoopback(target.hostname));
  const allowed =
    target.username === '' &&
    target.password === '' &&
    (target.protocol === 'https:' || isPlain) &&
    (rules.private || !isPrivateHost(target.hostname));
  if (!allowed) throw refusedRedirect(from, withoutSecrets(target), rules);
  return target;
}

/** The error for a redirect that may not be followed. */
export function refusedRedirect(from: URL, to: string, { remedy }: Pick<RedirectRules, 'remedy'>): SystemError {
  return new SystemError('download', `${shownAddress(from)} redirects to ${to}, which is not allowed`, { remedy });
}

/** An address without its query and its password. */
export function withoutSecrets(url: URL): string {
  return `${url.protocol}${url.host === '' ? '' : '//'}${url.host}${url.pathname}`.slice(0, 200);
}
