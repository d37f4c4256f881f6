import { describe, expect, it } from 'vitest';
import { optionalPackage } from '../../src/core/optional-package.ts';

const missing = async () => {
  throw new Error('Cannot find package');
};

describe('a package that is not installed', () => {
  it('is named, with what needs it and the command that installs it', async () => {
    await expect(optionalPackage('pg', 'a cache at postgres://', missing)).rejects.toMatchObject({
      name: 'SystemError',
      code: 'package',
      message: 'a cache at postgres:// needs pg, which cannot be loaded',
      remedy: 'Install it next to reelflow: `npm install pg`.',
      cause: new Error('Cannot find package'),
    });
  });

  it('is named with those that are needed beside it', async () => {
    await expect(optionalPackage(['bullmq', 'ioredis'], 'a queue at redis://', missing)).rejects.toMatchObject({
      message: 'a queue at redis:// needs bullmq and ioredis, which cannot be loaded',
      remedy: 'Install them next to reelflow: `npm install bullmq ioredis`.',
    });
  });

  it('is no matter where it is there', async () => {
    expect(await optionalPackage('pg', 'a cache', async () => 7)).toBe(7);
  });
});
