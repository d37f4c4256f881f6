import { describe, expect, it } from 'vitest';
import { isPrivateHost } from '../../src/core/private-host.ts';

describe('a host', () => {
  it.each([
    '127.0.0.1',
    '[::1]',
    'localhost',
    'films.localhost',
    '10.1.2.3',
    '172.31.255.1',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '255.255.255.255',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a00:1',
    'fd00:ec2::254',
    'fe80::1%eth0',
  ])('%s is in no public network', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  it.each(['93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8', 'films.example.org'])(
    '%s may be in one',
    (host) => {
      expect(isPrivateHost(host)).toBe(false);
    },
  );
});
