import { InputCopies, scratchRoom } from '../io/far/input-copies.ts';
import type { Bytes } from '../operators/payload.ts';
import type { MessageAbout } from './run-reports.ts';

/** How copies of remote inputs are made. */
export interface ScratchOptions {
  /**
   * Bytes of the disk, in the directory for temporary files, that copies of remote inputs
   * (`https://`, `s3://`) may take together: as `memory` takes it, a percentage of what is free
   * there. Default: half of that.
   */
  readonly scratch?: Bytes | string | undefined;
}

/**
 * Does some work with copies of remote inputs, which are removed afterwards.
 *
 * @param say told the reason for each retry.
 * @throws UsageError where `scratch` is more than is free; whatever the work throws.
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
