import { SystemError } from './errors.ts';
import { wordsOf } from './words-of.ts';

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * The error for a failed write: for a full disk, a quota or a size limit a SystemError
 * `disk-full`; other errors unchanged.
 *
 * @param what - the path that cannot be written, or a phrase for it.
 */
export function writeFailure(what: string, error: unknown, remedy?: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || !FULL.includes(code)) return error;
  return new SystemError(
    'disk-full',
    `${what} cannot be written, because the disk or your quota is full: ${wordsOf(error)}`,
    {
      remedy: remedy ?? 'Make room and run it again: what is committed is kept, and nothing half-written counts.',
      cause: error,
    },
  );
}
