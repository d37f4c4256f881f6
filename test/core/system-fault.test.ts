import { describe, expect, it } from 'vitest';
import { MediaError, ModelError, SystemError, UsageError } from '../../src/core/errors.ts';
import { systemFault } from '../../src/core/system-fault.ts';

/** An error as the operating system gives it. */
function refusal(code: string): Error {
  return Object.assign(new Error(`${code}: refused, write`), { code, syscall: 'write' });
}

describe('a fault of the machine', () => {
  it('is what the operating system refused and nobody gave a meaning', () => {
    const fault = systemFault(refusal('EIO'));
    expect(fault).toBeInstanceOf(SystemError);
    expect(fault).toMatchObject({ code: 'system', message: expect.stringContaining('EIO: refused, write') });
  });

  it('is exhaustion below an error that has a meaning, whose words and remedy it keeps', () => {
    const full = new ModelError('session', 'the cache of networks /cache cannot be written', {
      remedy: 'Set REELFLOW_CACHE_DIR to a folder with room.',
      cause: refusal('ENOSPC'),
    });
    expect(systemFault(full)).toMatchObject({
      code: 'system',
      message: expect.stringContaining('the cache of networks /cache cannot be written'),
      remedy: expect.stringMatching(/^Set REELFLOW_CACHE_DIR to a folder with room\. Then run the same command again/),
    });
  });

  it('says what to do when no more files can be opened', () => {
    const error = new MediaError('unreadable', 'a.mp4 cannot be read', { cause: refusal('EMFILE') });
    expect(systemFault(error)).toMatchObject({ code: 'open-files', remedy: expect.stringContaining('ulimit -n') });
  });

  it('is no full disk that has its own code, nor what one item is at fault for', () => {
    const full = new UsageError('the disk is full', { code: 'disk-full', cause: refusal('ENOSPC') });
    expect(systemFault(full)).toBeUndefined();
    expect(systemFault(new MediaError('unreadable', 'no such file', { cause: refusal('ENOENT') }))).toBeUndefined();
    expect(systemFault(new TypeError('x is undefined'))).toBeUndefined();
  });
});
