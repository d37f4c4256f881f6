import { describe, expect, it } from 'vitest';
import { MediaError, SystemError } from '../../src/core/errors.ts';
import { systemFault } from '../../src/core/system-fault.ts';

/** An error as the operating system gives it. */
function refusal(code: string): Error {
  return Object.assign(new Error(`${code}: refused, write`), { code, syscall: 'write' });
}

describe('a fault of the machine', () => {
  it('is what the operating system refused and nobody gave a meaning', () => {
    const fault = systemFault(refusal('EIO'));
    expect(fault).toBeInstanceOf(SystemError);
    expect(fault).toMatchObject({
      code: 'system',
      message: expect.stringContaining('that every item needs: i/o error'),
    });
  });

  it('is exhaustion below an error that has a meaning, whose words and remedy it keeps', () => {
    const full = new SystemError('session', 'the cache of networks /cache cannot be written', {
      remedy: 'Set REELFLOW_CACHE_DIR to a folder with room.',
      cause: refusal('ENOSPC'),
    });
    expect(systemFault(full)).toMatchObject({
      code: 'system',
      message: expect.stringContaining('the cache of networks /cache cannot be written'),
      remedy: expect.stringMatching(/^Set REELFLOW_CACHE_DIR to a folder with room\. Then run it again/),
    });
  });

  it('says what to do when no more files can be opened', () => {
    const error = new MediaError('unreadable', 'a.mp4 cannot be read', { cause: refusal('EMFILE') });
    expect(systemFault(error)).toMatchObject({ code: 'open-files', remedy: expect.stringContaining('ulimit -n') });
  });

  it('is a decoder that is missing, unless it could not be started because something has run out', () => {
    const missing = (code: string) => new SystemError('decoder-missing', 'no ffmpeg', { cause: refusal(code) });
    expect(systemFault(missing('ENOENT'))).toMatchObject({ code: 'decoder-missing' });
    expect(systemFault(missing('EAGAIN'))).toMatchObject({ code: 'system' });
    expect(systemFault(missing('EMFILE'))).toMatchObject({ code: 'open-files' });
  });

  it('is a full disk, which keeps its own code and remedy', () => {
    const full = new SystemError('disk-full', 'the disk is full', { cause: refusal('ENOSPC') });
    expect(systemFault(full)).toBe(full);
  });

  it('is not what one item is at fault for', () => {
    expect(systemFault(new MediaError('unreadable', 'no such file', { cause: refusal('ENOENT') }))).toBeUndefined();
    expect(systemFault(new TypeError('x is undefined'))).toBeUndefined();
  });
});
