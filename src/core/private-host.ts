import { BlockList, isIP } from 'node:net';
import { isLoopback } from './loopback.ts';

/** Networks that no public server is in: of this machine, of a site, of a link, and of many. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix);
  // The same as IPv6 writes them: mapped, and translated.
  PRIVATE.addSubnet(`::ffff:${network}`, 96 + prefix, 'ipv6');
  PRIVATE.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

/**
 * Whether a host is an address of this machine, of a private network, of a link (where clouds keep
 * the credentials of a machine) or of no single server, in brackets or not; or `localhost`. What
 * another name leads to is not looked up.
 *
 * @example
 * isPrivateHost('169.254.169.254'); // true
 */
export function isPrivateHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  const version = isIP(name);
  if (version === 0) return isLoopback(name) || name.toLowerCase().endsWith('.localhost');
  return PRIVATE.check(name, version === 4 ? 'ipv4' : 'ipv6');
}
