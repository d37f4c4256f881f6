import { isIP } from 'node:net';

/**
 * Whether a host is this machine, where nobody else reaches it: `localhost`, 127.x.x.x or ::1, in
 * brackets or not.
 *
 * @example
 * isLoopback('127.0.0.1'); // true
 */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
