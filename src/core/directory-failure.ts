import { writeFailure } from './disk-full.ts';
import { SystemError } from './errors.ts';
import { wordsOf } from './words-of.ts';

const REFUSED = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENOTSUP', 'EOPNOTSUPP', 'ENAMETOOLONG', 'ELOOP'];

/**
 * The error for a directory, or a file in it, that cannot be created: a SystemError `not-writable`
 * if permissions, a read-only disk or the location forbid it; `disk-full` like `writeFailure`;
 * other errors unchanged.
 *
 * @param what - the directory that cannot be written, or a phrase for it.
 */
export function directoryFailure(what: string, error: unknown, remedy?: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || !REFUSED.includes(code)) return writeFailure(what, error, remedy);
  return new SystemError('not-writable', `${what} cannot be written: ${wordsOf(error)}`, {
    remedy: remedy ?? 'Choose a directory that you may write to, on a disk that is not read-only.',
    cause: error,
  });
}
