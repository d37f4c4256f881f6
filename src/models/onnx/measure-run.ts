import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ModelError } from '../../errors.ts';
import type { SessionPart } from './session.ts';

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
export type RunReply = ({ readonly kind: 'ran' } & MeasuredRun) | { readonly kind: 'failed'; readonly message: string };

/**
 * What the activations of one row take at their peak in each part of a network, and what comes out, measured by running a row or two of noise in a child
 * process. For networks with operations whose shapes cannot be inferred.
 *
 * @param name - what messages call the network.
 * @throws ModelError `session` when the network cannot be run, or the process ends without an answer.
 */
export function measureRun(name: string, parts: readonly SessionPart[]): Promise<MeasuredRun> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./run-probe.js', import.meta.url)), [], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // glibc gives large blocks back to the system as soon as they are free, whatever came before.
      env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' },
    });
    const failed = (why: string) =>
      reject(
        new ModelError('session', `${name} could not be run to measure what it needs and gives: ${why}`, {
          remedy: 'Run it where there is more memory, or take a smaller input or an earlier output in its card.',
        }),
      );
    child.once('message', (message) => {
      const reply = message as RunReply;
      if (reply.kind === 'ran') resolve(reply);
      else failed(reply.message);
    });
    child.once('error', (error) => failed(error.message));
    child.once('exit', (code, signal) => failed(`the process that ran it ended with ${signal ?? `exit code ${code}`}`));
    const request: RunRequest = { parts };
    child.send(request, (error) => {
      if (error !== null) failed(error.message);
    });
  });
}
