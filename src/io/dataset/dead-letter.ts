import { readFileSync } from 'node:fs';
import {
  DatasetError,
  type DatasetErrorCode,
  FlowError,
  type FlowErrorCode,
  MediaError,
  type MediaErrorCode,
  ReelflowError,
  UsageError,
} from '../../core/errors.ts';
import { factOf } from '../../core/words-of.ts';
import { softwareVersion } from './software.ts';

/** Why an item has no unit. */
export interface DeadLetter {
  /** Id of the item. */
  readonly item: string;
  /** Code of the error: `truncated`, `corrupt`, `timeout`, ... */
  readonly code: string;
  /** Class of the error, if it is one of the library's. */
  readonly error?: string | undefined;
  /** The stage at which it failed: `read`, `probe`, `decode`, ... */
  readonly stage: string;
  readonly message: string;
  readonly remedy?: string | undefined;
  /** File of the item. */
  readonly path?: string | undefined;
  /** The last lines that the decoder printed. */
  readonly decoderLines: readonly string[];
  /** How often it has failed so far, this time included; `record` counts it. */
  readonly attempts?: number | undefined;
  /** When it failed, ISO 8601; `record` sets it if it is missing. */
  readonly time?: string | undefined;
  /** Name and version of the software that it failed in; `record` sets it. */
  readonly software?: string | undefined;
}

/**
 * Whether another run may retry a dead letter without being told to: a letter about a budget,
 * because the run may have more; about content that could not be fetched, because it may now be
 * available; or about a software error, because a newer version may have fixed it.
 */
export function mayBeAnswered(letter: DeadLetter): boolean {
  if (letter.code === 'budget-too-small' || letter.stage === 'read') return true;
  return letter.code === 'internal' && letter.software !== softwareVersion();
}

/** The dead letter of an item that failed. */
export function letterOf(itemId: string, error: unknown, stage: string): DeadLetter {
  const known = error instanceof ReelflowError ? error : undefined;
  return {
    item: itemId,
    code: known?.code ?? 'internal',
    error: known?.name,
    stage,
    message: factOf(error),
    remedy: known?.remedy,
    decoderLines: error instanceof MediaError ? error.decoderLines : [],
  };
}

/** The error that a letter was written for, for a caller that is only interested in this item. */
export function errorOfLetter({ error, code, message, remedy, decoderLines }: DeadLetter): Error {
  switch (error) {
    case 'MediaError':
      return new MediaError(code as MediaErrorCode, message, { remedy, decoderLines });
    case 'FlowError':
      return new FlowError(code as FlowErrorCode, message, { remedy });
    case 'DatasetError':
      return new DatasetError(code as DatasetErrorCode, message, { remedy });
    case undefined:
      return new Error(message);
    default:
      return new UsageError(message, { code, remedy });
  }
}

/** The letter in a file; undefined if there is none. */
export function readLetter(path: string): DeadLetter | 'damaged' | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EISDIR') return 'damaged';
    throw error;
  }
  try {
    const letter = JSON.parse(text) as Partial<DeadLetter> | null;
    const isWhole =
      typeof letter?.item === 'string' && typeof letter.code === 'string' && Array.isArray(letter.decoderLines);
    return isWhole ? (letter as DeadLetter) : 'damaged';
  } catch {
    return 'damaged';
  }
}
