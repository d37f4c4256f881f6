import { InputCopies, scratchRoom } from '../io/far/input-copies.ts';
import type { Bytes } from '../operators/payload.ts';
import type { MessageAbout } from './run-reports.ts';

/** How copies of remote inputs are made. */
export interface ScratchOptions {
  /**
   * Bytes of disk, in the directory for temporary files, that copies of remote inputs (`https://`,
   * `s3://`) may take together: in the form of `memory`; a percentage refers to the free space
   * there. Default: half of it.
   */
  readonly scratch?: Bytes | string | undefined;
}

/**
 * Does some work that needs copies of remote inputs, and removes them afterwards.
 *
 * @param say called with the reason for each retry.
 * @throws UsageError if `scratch` is more than the free space; whatever the work throws.
 */
export async function withInputCopies<Result>(
  { scratch, signal }: ScratchOptions & { readonly signal?: AbortSignal | undefined },
  say: (line: string, about: MessageAbout) => void,
  work: (copies: InputCopies) => Promise<Result>,
): Promise<Result> {
  const room = scratch === undefined ? undefined : scratchRoom(scratch);
  const copies = new InputCopies({ room, signal, onMessage: (line) => say(line, { code: 'network-retry' }) });
  try {
    return await work(copies);
  } finally {
    await copies.close();
  }
}
