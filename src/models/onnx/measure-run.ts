import { ModelError } from '../../core/errors.ts';
import { type ChildFailure, inChild } from './child-try.ts';
import type { SessionPart } from './session.ts';

/** Seconds: a row of a large network takes some on a busy machine. */
const patience = 600;

/** What the child process is asked. */
export interface RunRequest {
  readonly parts: readonly SessionPart[];
}

/** What a run showed. */
export interface MeasuredRun {
  /** Bytes that the activations of one row take at their peak, for each part. */
  readonly bytesPerRow: readonly number[];
  /** Shape of one row of the last part's output. */
  readonly shape: readonly number[];
}

/** What it answers. */
export type RunReply = ({ readonly kind: 'ran' } & MeasuredRun) | ChildFailure;

/**
 * What the activations of one row take at their peak in each part of a network, and what comes out, measured by running a row or two of noise in a child
 * process. For networks with operations whose shapes cannot be inferred.
 *
 * @param name - what messages call the network.
 * @throws ModelError `session` when the network cannot be run, or the process ends without an answer.
 */
export async function measureRun(name: string, parts: readonly SessionPart[]): Promise<MeasuredRun> {
  // glibc gives large blocks back to the system as soon as they are free, whatever came before.
  const env = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };
  const { reply } = await inChild<RunRequest, RunReply>('run-probe.js', { parts }, { patience, env });
  if (reply.kind === 'ran') return reply;
  throw new ModelError('session', `${name} could not be run to measure what it needs and gives: ${reply.message}`, {
    remedy: 'Run it where there is more memory, or take a smaller input or an earlier output in its card.',
  });
}
