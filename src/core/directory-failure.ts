import { writeFailure } from './disk-full.ts';
import { UsageError } from './errors.ts';

const REFUSED = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'];

/**
 * What to throw when a directory cannot be made, or a file in it: a UsageError `dataset` when it may not be written, is
 * read-only or lies where none can be made, `disk-full` as `writeFailure`; other errors as they are.
 */
export function directoryFailure(directory: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !REFUSED.includes(code)) return writeFailure(directory, error);
  return new UsageError(`${directory} cannot be written: ${message}`, {
    code: 'dataset',
    remedy: 'Name a directory that you may write to, on a disk that is not read-only.',
    cause: error,
  });
}
