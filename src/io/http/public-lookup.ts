import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPrivateHost } from '../../core/private-host.ts';
import { type RedirectRules, refusedRedirect } from './redirects.ts';

/**
 * Looks up names, and refuses those that lead into a private network or to this machine, because
 * the name server of a redirect's host could point anywhere.
 *
 * @param from the address whose redirects are followed.
 */
export function publicLookup(from: URL, rules: RedirectRules): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error !== null || first === undefined) return callback(error, []);
      const inside = found.find(({ address }) => isPrivateHost(address));
      if (inside !== undefined) {
        return callback(refusedRedirect(from, `${name}, which is ${inside.address}`, rules), []);
      }
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}
