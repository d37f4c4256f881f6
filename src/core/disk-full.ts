import { UsageError } from './errors.ts';

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** What to throw when writing to a path has failed: of a full disk, a quota or a size limit a UsageError `disk-full`. */
export function writeFailure(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !FULL.includes(code)) return error;
  return new UsageError(`${path} cannot be written, because the disk or what may be used of it is full: ${message}`, {
    code: 'disk-full',
    remedy: 'Make room and run the same command again: what is committed is kept, and nothing half-written counts.',
    cause: error,
  });
}
