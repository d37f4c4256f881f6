import { BlockList, isIP } from 'node:net';
import { isLoopback } from './loopback.ts';

/** Networks without public servers: loopback, private, link-local and multicast. */
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
  // The same in IPv6 notation: mapped, and translated.
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
 * Whether a host is an address of this machine, of a private network, link-local (where clouds keep
 * a machine's credentials) or multicast, in brackets or not; or `localhost`. Other names are not
 * resolved.
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
