import { describe, expect, it } from 'vitest';
import { farAddress } from '../../../src/io/far/far-address.ts';
import { hiddenAddress } from '../../../src/io/objects/store-address.ts';

describe('an address that is refused', () => {
  it.each([
    'https://me:wo#rd@films.example.org/heat.mp4',
    'https://me:wo/rd@films.example.org:99999/heat.mp4?key=secret',
    'https://me:word@films.example.org/heat.mp4',
    's3://KEY:word@films/heat.mp4',
  ])('is told without its password: %s', (address) => {
    let message = '';
    try {
      farAddress(address);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/address|password|object store/);
    expect(message).not.toMatch(/wo.?rd@|me:|KEY|secret/);
  });

  it('keeps what is no secret', () => {
    expect(hiddenAddress('ftp://me:word@host/a?key=1')).toBe('ftp://***@host/a?***');
    expect(hiddenAddress('s3://films/Heat 1995')).toBe('s3://films/Heat 1995');
  });
});
