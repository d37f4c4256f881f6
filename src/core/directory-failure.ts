import { writeFailure } from './disk-full.ts';
import { SystemError } from './errors.ts';

const REFUSED = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOTSUP', 'EOPNOTSUPP'];

/**
 * The error for a directory that cannot be made, or a file in it: a SystemError `not-writable` when
 * it may not be written, is read-only or lies where none can be made, `disk-full` as
 * `writeFailure`; other errors as they are.
 *
 * @param what cannot be written: a directory, or what a sentence calls it.
 */
export function directoryFailure(what: string, error: unknown, remedy?: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !REFUSED.includes(code)) return writeFailure(what, error, remedy);
  return new SystemError('not-writable', `${what} cannot be written: ${message}`, {
    remedy: remedy ?? 'Choose a directory that you may write to, on a disk that is not read-only.',
    cause: error,
  });
}
