import { MediaError, SystemError } from '../../core/errors.ts';
import type { Part, PartFacts } from '../http/part.ts';
import type { Patience } from '../http/request.ts';
import { RefusedTransfer, type Transfer, WrongSize } from '../http/transfer.ts';
import { objectFault } from '../objects/s3-store.ts';

/** How a file that is far away is read. */
export interface FarReading {
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
}

/** A file that is not on this machine. */
export interface FarFile {
  /**
   * Its size and what tells its content from another, as far as its server says: nothing of it is
   * read.
   */
  look(reading: FarReading): Promise<Transfer & { readonly facts?: PartFacts | undefined }>;
  /** Asks once for all of it, or for the rest of it. */
  transfer(part: Part, most: number, reading: FarReading): Promise<Transfer>;
}

/**
 * What to throw where a file cannot be had: its own fault, unless it is one that all files of its
 * store would meet, such as credentials that are not there.
 */
export function farFault(shown: string, error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  const { message, remedy } = error;
  const options = { remedy, cause: error };
  if (error instanceof WrongSize) return new MediaError('too-large', message, options);
  const status = error instanceof RefusedTransfer ? error.status : objectFault(error);
  if (status === 404 || status === 410) {
    return new MediaError('not-found', `there is no ${shown}`, {
      remedy: shown.startsWith('s3:') ? 'What begins with a name is listed where that ends with a slash.' : undefined,
      cause: error,
    });
  }
  if (status === 401 || status === 403) {
    return new MediaError('forbidden', message, {
      remedy: 'Give credentials that may read it, or an address that is signed and not expired.',
      cause: error,
    });
  }
  if (error.code === 'download') return new MediaError('unreachable', message, options);
  return error.code === 'object-store' && status !== undefined
    ? new MediaError('unreachable', message, { cause: error })
    : error;
}
