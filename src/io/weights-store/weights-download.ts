import { checkInteger, checkPositive } from '../../core/check.ts';
import { ModelError, SystemError, UsageError } from '../../core/errors.ts';
import { receiveWhole } from '../http/receive-whole.ts';
import { shownAddress } from '../http/redirects.ts';
import { type TransferOptions, transfer } from '../http/transfer.ts';
import { sourceAddress } from './addresses.ts';
import { PartialFile } from './partial-file.ts';
import { hashWeightFile, type StagedFile } from './stage-file.ts';

/** How to download, and what to check the file against. */
export interface WeightsDownloadOptions {
  /**
   * Folder of the parts; below the store, so that a finished file can be moved instead of copied.
   */
  readonly folder: string;
  /** First hexadecimal digits, or all 64, of the file's SHA-256. */
  readonly sha256Prefix?: string | undefined;
  /** Size, if known; otherwise the server's statement counts. */
  readonly bytes?: number | undefined;
  /** Maximum size if the size is unknown. Default 4 GiB. */
  readonly mostBytes?: number | undefined;
  /** Seconds to wait for an answer, and for the next bytes: at most a day. Default 30. */
  readonly timeoutSeconds?: number | undefined;
  /** How many attempts may end without a megabyte of progress before giving up. Default 6. */
  readonly attempts?: number | undefined;
  /** Seconds before the second attempt; doubled before each further one, up to 30. Default 1. */
  readonly retrySeconds?: number | undefined;
  /** What to do when the download fails, in words. */
  readonly remedy?: string | undefined;
  /**
   * What to do when a complete file with another SHA-256 was received, in words. Default: `remedy`.
   */
  readonly otherFileRemedy?: ((sha256: string) => string) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((done: number, total: number | undefined) => void) | undefined;
  readonly onMessage?: ((line: string) => void) | undefined;
}

/** Seconds: timers of Node.js overflow beyond 24 days, and nobody waits for a day. */
export const longestTimeout = 86_400;
const largestFile = 4 * 1024 ** 3;

/**
 * Downloads a file into a part beside the store, continues from the part that an earlier run left,
 * and checks size and SHA-256 before anybody sees it. Only one piece of the body is held in memory.
 * Broken connections, silence, 408, 425, 429 and 5xx are retried, each time from where the part
 * ends. When it fails or the signal aborts, the part stays for the next run if the server named a
 * validator to resume with (RFC 9110: strong ETag, else Last-Modified); a part that proved wrong is
 * removed.
 *
 * @returns the whole file, to be moved into the store, and `release`, which removes what is left of
 * the part's folder.
 * @throws UsageError for a wrong address; SystemError `download` or `disk-full`; ModelError `hash`
 * naming both hashes; FlowError `aborted`.
 */
export async function downloadFile(
  address: string,
  options: WeightsDownloadOptions,
): Promise<StagedFile & { readonly release: () => Promise<void> }> {
  const url = sourceAddress(address);
  const limits = checkLimits(options);
  const part = await PartialFile.take(options.folder, url);
  try {
    const { signal, onBytes, onMessage } = options;
    await receiveWhole(part, () => transfer(url, part, { ...limits, redirects, signal, onBytes }), {
      ...limits,
      signal,
      onMessage,
    });
    await part.flush();
    const { sha256, bytes } = await hashWeightFile(part.path, options.signal);
    const wanted = options.sha256Prefix?.toLowerCase() ?? '';
    if (!sha256.startsWith(wanted)) {
      await part.discard();
      throw new ModelError(
        'hash',
        `${shownAddress(url)} is not the expected file: its SHA-256 is ${sha256}, but ${wanted.length < 64 ? `must begin with ${wanted}` : `must be ${wanted}`}; the download was removed`,
        { remedy: options.otherFileRemedy?.(sha256) ?? options.remedy },
      );
    }
    return { path: part.path, sha256, bytes, release: () => part.discard() };
  } catch (error) {
    if (!(error instanceof ModelError && error.code === 'hash')) await part.release();
    if (error instanceof SystemError && error.code === 'download' && error.remedy === undefined) {
      throw new SystemError('download', error.message, { remedy: options.remedy, cause: error });
    }
    throw error;
  }
}

const redirects = {
  plain: false,
  remedy: 'Only https:// addresses without user names are followed; give another one as `source`.',
};

/** The checked settings of every attempt. */
type Limits = Pick<TransferOptions, 'patience' | 'limits'> & {
  readonly attempts: number;
  readonly firstPause: number;
};

function checkLimits(options: WeightsDownloadOptions): Limits {
  const seconds = checkPositive('timeoutSeconds', options.timeoutSeconds ?? 30);
  if (seconds > longestTimeout) {
    throw new UsageError(`\`timeoutSeconds\` must be at most ${longestTimeout}, but is ${seconds}`, {
      option: 'timeoutSeconds',
    });
  }
  const most = checkInteger('mostBytes', options.mostBytes ?? largestFile);
  return {
    patience: { answer: 1000 * seconds, idle: 1000 * seconds },
    limits: { bytes: options.bytes, most: options.bytes ?? Math.min(most, largestFile) },
    attempts: checkInteger('attempts', options.attempts ?? 6, 1, 100),
    firstPause: checkPositive('retrySeconds', options.retrySeconds ?? 1, { zero: true }),
  };
}
