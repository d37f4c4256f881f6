import { ReelflowError, SystemError, type SystemErrorCode } from './errors.ts';
import { factOf } from './words-of.ts';

/**
 * Resources whose exhaustion affects the whole process: open files, processes, memory, disk space.
 */
const EXHAUSTED = ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'ENOSPC', 'EDQUOT'];

/** Codes that already say that something has run out. */
const SAID: readonly SystemErrorCode[] = ['open-files', 'disk-full', 'system'];

/**
 * The machine fault behind an error, with a remedy; undefined if the error has another cause. An
 * operating-system error that nobody has interpreted is one, and so is any error caused by running
 * out of open files, processes, memory or disk space.
 *
 * @example
 * try {
 *   await readFile('ratings.csv');
 * } catch (error) {
 *   throw systemFault(error) ?? error;
 * }
 */
export function systemFault(error: unknown): SystemError | undefined {
  const known = error instanceof SystemError ? error : undefined;
  if (known !== undefined && SAID.includes(known.code)) return known;
  const raw = error instanceof ReelflowError ? exhaustionBelow(error) : asRaw(error);
  if (raw === undefined) return known;
  const { code } = raw as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE') {
    return new SystemError('open-files', `no more files can be opened: ${factOf(raw)}`, {
      remedy:
        'Raise the limit (`ulimit -n 65536`; below 256 nothing runs) and run it again: what is committed is kept.',
      cause: error,
    });
  }
  // The code that met it may have said where it happened, and what to do.
  const { message, remedy } = error instanceof ReelflowError ? error : { message: factOf(raw), remedy: undefined };
  const again = 'run it again: committed units are kept, and no item is marked as failed.';
  return new SystemError('system', `the system refused a resource that every item needs: ${message}`, {
    remedy: remedy === undefined ? `Fix it and ${again}` : `${remedy} Then ${again}`,
    cause: error,
  });
}

/** The code of an error that the operating system gave, such as `EMFILE`. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

function asRaw(error: unknown): Error | undefined {
  return systemCode(error) === undefined ? undefined : (error as Error);
}

/** Exhaustion among the causes of a typed error. */
function exhaustionBelow(error: ReelflowError): Error | undefined {
  for (let at: unknown = error.cause; at instanceof Error; at = at.cause) {
    if (EXHAUSTED.includes((at as NodeJS.ErrnoException).code ?? '')) return at;
  }
  return undefined;
}
