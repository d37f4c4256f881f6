import type { ChildProcess } from 'node:child_process';
import { SystemError } from '../../core/errors.ts';
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

/** Watches the process in which a network is run to be measured, and may end it. */
export interface RunGuard {
  /** Told of the process. */
  watch(child: ChildProcess): void;
  /** The process has ended. */
  stop(): void;
  /** Why it was ended; undefined when it was not. */
  refusal(name: string): Error | undefined;
}

/** What it answers. */
export type RunReply = ({ readonly kind: 'ran' } & MeasuredRun) | ChildFailure;

/**
 * What the activations of one row take at their peak in each part of a network, and what comes out,
 * measured by running a row or two of noise in a child process. For networks with operations whose
 * shapes cannot be inferred.
 *
 * @param name - what messages call the network.
 * @param guard - may end the process.
 * @throws SystemError `session` when the network cannot be run, or the process ends without an
 * answer; what the guard refuses with.
 */
export async function measureRun(name: string, parts: readonly SessionPart[], guard?: RunGuard): Promise<MeasuredRun> {
  // glibc gives large blocks back to the system as soon as they are free, whatever came before.
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
