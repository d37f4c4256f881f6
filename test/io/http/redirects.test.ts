import { describe, expect, it } from 'vitest';
import { publicLookup } from '../../../src/io/http/public-lookup.ts';
import { redirectTarget } from '../../../src/io/http/redirects.ts';

const rules = { remedy: 'Give the address that it leads to.', plain: true, private: false };
const film = new URL('https://films.example.org/heat.mp4');

describe('redirects of an input', () => {
  it.each([
    'http://films.example.org/heat.mp4',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.7/heat.mp4',
    'https://[::ffff:127.0.0.1]/heat.mp4',
    'https://localhost/heat.mp4',
    'https://2130706433/heat.mp4',
    'file:///etc/passwd',
    'https://me:secret@films.example.org/heat.mp4',
  ])('never lead from the network by https to %s', (location) => {
    expect(() => redirectTarget(film, location, rules)).toThrow(/^(?!.*secret).*which is not allowed/);
  });

  it('lead to other servers, by http where they began so, and into a private network where they began there', () => {
    expect(redirectTarget(film, 'https://cdn.example.org/1', rules).href).toBe('https://cdn.example.org/1');
    const plain = new URL('http://films.example.org/heat.mp4');
    expect(redirectTarget(plain, 'http://cdn.example.org/1', rules).href).toBe('http://cdn.example.org/1');
    expect(() => redirectTarget(plain, 'http://10.0.0.7/1', rules)).toThrow();
    expect(redirectTarget(plain, 'http://10.0.0.7/1', { ...rules, private: true }).href).toBe('http://10.0.0.7/1');
  });

  it.each([false, true])('lead to no name that is this machine (all addresses asked for: %s)', async (all) => {
    const error = await new Promise<Error | null>((resolve) => {
      publicLookup(film, rules)('localhost', { all }, (failure) => resolve(failure));
    });
    expect(error).toMatchObject({
      code: 'download',
      message: expect.stringMatching(/redirects to localhost, which is/),
    });
  });
});
