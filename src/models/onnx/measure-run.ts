import type { ChildProcess } from 'node:child_process';
import { SystemError } from '../../core/errors.ts';
import { type ChildFailure, inChild } from './child-try.ts';
import type { SessionPart } from './session.ts';

/** In seconds: a row of a large network takes a while on a busy machine. */
const patience = 600;

/** The request to the child process. */
export interface RunRequest {
  readonly parts: readonly SessionPart[];
}

/** The result of a run. */
export interface MeasuredRun {
  /** Peak bytes of the activations of one row, for each part. */
  readonly bytesPerRow: readonly number[];
  /** Shape of one row of the last part's output. */
  readonly shape: readonly number[];
}

/** Watches the process that runs a network to measure it, and may end it. */
export interface RunGuard {
  /** Called with the process when it starts. */
  watch(child: ChildProcess): void;
  /** Called when the process has ended. */
  stop(): void;
  /** Why it was ended; undefined if it was not. */
  refusal(name: string): Error | undefined;
}

/** Its reply. */
export type RunReply = ({ readonly kind: 'ran' } & MeasuredRun) | ChildFailure;

/**
 * The peak memory of one row's activations in each part of a network, and its output shape,
 * measured by running a row or two of noise in a child process. For networks with operations whose
 * shapes cannot be inferred.
 *
 * @param name - what messages call the network.
 * @param guard - may end the process.
 * @throws SystemError `session` if the network cannot be run, or the process ends without a reply;
 * whatever error the guard refuses with.
 */
export async function measureRun(name: string, parts: readonly SessionPart[], guard?: RunGuard): Promise<MeasuredRun> {
  // Makes glibc return large blocks to the system as soon as they are free.
  const env = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };
  const asked = inChild<RunRequest, RunReply>(
    'run-probe.js',
    { parts },
    { patience, env, onStart: (child) => guard?.watch(child) },
  );
  const { reply } = await asked.finally(() => guard?.stop());
  const refusal = guard?.refusal(name);
  if (refusal !== undefined) throw refusal;
  if (reply.kind === 'ran') return reply;
  throw new SystemError('session', `${name} could not be run to measure its memory and output: ${reply.message}`, {
    remedy: 'Run it with more memory, or set a smaller input or an earlier output in its card.',
  });
}
