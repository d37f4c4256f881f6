import { MediaError, SystemError } from '../../core/errors.ts';
import type { Part, PartFacts } from '../http/part.ts';
import type { Patience } from '../http/request.ts';
import { RefusedTransfer, type Transfer, WrongSize } from '../http/transfer.ts';
import { objectFault } from '../objects/s3-store.ts';

/** How to read a remote file. */
export interface FarReading {
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
}

/** A remote file. */
export interface FarFile {
  /** Its size and what identifies its content, as far as its server says so. */
  look(reading: FarReading): Promise<Transfer & { readonly facts?: PartFacts | undefined }>;
  /** Makes one request for all of it, or for the rest of it. */
  transfer(part: Part, most: number, reading: FarReading): Promise<Transfer>;
}

/**
 * The error for a file that cannot be fetched: an error of this file, unless it would affect all
 * files of its store, such as missing credentials.
 */
export function farFault(shown: string, error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  const { message, remedy } = error;
  const options = { remedy, cause: error };
  if (error instanceof WrongSize) return new MediaError('too-large', message, options);
  const status = error instanceof RefusedTransfer ? error.status : objectFault(error);
  if (status === 404 || status === 410) {
    return new MediaError('not-found', `there is no ${shown}`, {
      remedy: shown.startsWith('s3:') ? 'To list everything below a prefix, end it with a slash.' : undefined,
      cause: error,
    });
  }
  if (status === 401 || status === 403) {
    return new MediaError('forbidden', message, {
      remedy: 'Give credentials that may read it, or a signed address that has not expired.',
      cause: error,
    });
  }
  if (error.code === 'download') return new MediaError('unreachable', message, options);
  return error.code === 'object-store' && status !== undefined
    ? new MediaError('unreachable', message, { cause: error })
    : error;
}
