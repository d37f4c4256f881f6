import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError, ReelflowError, SystemError } from '../../core/errors.ts';
import { countNetworkUse } from './network-use.ts';
import type { Part } from './part.ts';
import { InterruptedTransfer } from './request.ts';
import type { Transfer } from './transfer.ts';

/** How often to try, and whom to tell. */
export interface Perseverance {
  /** How many attempts may end without a megabyte of progress before giving up. */
  readonly attempts: number;
  /** Seconds before the second attempt; doubled before each further one, up to 30. */
  readonly firstPause: number;
  readonly signal?: AbortSignal | undefined;
  readonly onMessage?: ((line: string) => void) | undefined;
}

/** If a server asks for a longer pause than this, it is not waited for. */
const longestPause = 120;
const longestBackoff = 30;
const gainThatCounts = 1 << 20;

/**
 * Requests a file until all of it has been received, each time from where the part ends.
 *
 * @throws SystemError `download` after giving up; errors of `once` that no further attempt can
 * change; FlowError `aborted`.
 */
export async function receiveWhole(
  part: Pick<Part, 'size' | 'isResumable'>,
  once: () => Promise<Transfer>,
  { attempts, firstPause, signal, onMessage }: Perseverance,
): Promise<void> {
  // Progress only counts beyond what any earlier attempt has reached, so a server that makes every
  // attempt start over is also given up.
  let furthest = part.size;
  for (let failures = 0; ; ) {
    let result: Transfer;
    try {
      result = await once();
    } catch (error) {
      if (!(error instanceof InterruptedTransfer)) throw error;
      result = { outcome: 'again', why: error.message, cause: error };
    }
    if (result.outcome === 'whole') return;
    failures = part.size - furthest >= gainThatCounts ? 1 : failures + 1;
    furthest = Math.max(furthest, part.size);
    const resumable = await part.isResumable();
    const pause = Math.max(result.pauseSeconds ?? 0, Math.min(longestBackoff, firstPause * 2 ** (failures - 1)));
    if (failures >= attempts || pause > longestPause) {
      const gaveUp =
        pause > longestPause
          ? `it asks to wait ${Math.round(pause)} s`
          : `gave up after ${failures} ${failures === 1 ? 'try' : 'tries'} without progress`;
      throw new SystemError('download', `${result.why}; ${gaveUp}${resumable ? `, ${part.size} bytes are kept` : ''}`, {
        cause: result.cause,
      });
    }
    onMessage?.(`${result.why}; trying again in ${pause} s from ${resumable ? `byte ${part.size}` : 'the start'}`);
    countNetworkUse('retries');
    await pauseFor(pause, signal);
  }
}

async function pauseFor(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(1000 * seconds, undefined, { signal });
  } catch (error) {
    if (error instanceof ReelflowError) throw error;
    throw new FlowError('aborted', 'the download was interrupted', { cause: error });
  }
}
