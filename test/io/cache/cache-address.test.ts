import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { cacheAddress, shownAddress } from '../../../src/io/cache/cache-address.ts';

describe('cacheAddress', () => {
  it.each([
    ['none', { kind: 'none' }],
    ['sqlite:///srv/cache.sqlite', { kind: 'sqlite', path: '/srv/cache.sqlite' }],
    ['sqlite://here/cache.sqlite', { kind: 'sqlite', path: resolve('here/cache.sqlite') }],
    ['here/cache.sqlite', { kind: 'sqlite', path: resolve('here/cache.sqlite') }],
    ['redis://host:6379', { kind: 'redis', uri: 'redis://host:6379' }],
    ['postgresql://host/db', { kind: 'postgres', uri: 'postgresql://host/db' }],
  ])('reads %s', (text, address) => {
    expect(cacheAddress(text)).toEqual(address);
  });

  it.each(['', 'sqlite://', ':memory:', 'sqlite://:memory:', 'gopher://host', 'constructor://x'])(
    "refuses '%s'",
    (text) => {
      expect(() => cacheAddress(text)).toThrow(UsageError);
    },
  );

  it('names what is known when a scheme is not', () => {
    expect(() => cacheAddress('gopher://host')).toThrow(
      expect.objectContaining({ code: 'cache', remedy: expect.stringContaining('sqlite://') }),
    );
  });

  it('shows no password', () => {
    expect(shownAddress(cacheAddress('redis://user:secret@host:6379/1'))).toBe('redis://***@host:6379/1');
  });
});
