import { FlowError, MediaError, ModelError, ReelflowError, SystemError, UsageError } from '../../errors.ts';
import type { DeadLetter } from '../../io/dataset/dead-letter.ts';
import { systemFault } from '../../system-fault.ts';

/**
 * What ends the run, of an error that came while an item was worked on; undefined when the item alone is at fault. Only what every item would
 * meet ends a run: a decoder that is missing, a network that cannot run, a full disk, a stop, and whatever the operating system refuses
 * that nobody blamed on the item. What comes from the item, its bytes, its rows or the code that is run on it, is its own.
 *
 * @example
 * throw runFault(error) ?? letterOf(error);
 */
export function runFault(error: unknown): ReelflowError | undefined {
  const fault = systemFault(error);
  if (fault !== undefined) return fault;
  if (!(error instanceof ReelflowError)) return undefined;
  const ends =
    (error instanceof MediaError && error.code === 'decoder-missing') ||
    error instanceof ModelError ||
    error instanceof SystemError ||
    (error instanceof UsageError && error.code === 'disk-full') ||
    (error instanceof FlowError && error.code === 'aborted');
  return ends ? error : undefined;
}

/** What is written of an item that failed. */
export function letterOf(itemId: string, error: unknown, stage: string): DeadLetter {
  const known = error instanceof ReelflowError ? error : undefined;
  return {
    item: itemId,
    code: known?.code ?? 'internal',
    stage,
    message: error instanceof Error ? error.message : String(error),
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
    decoderLines: error instanceof MediaError ? error.decoderLines : [],
  };
}
