import { type Transferable, Worker } from 'node:worker_threads';
import type { SystemError } from './errors.ts';

/** What a thread is given, and how its replies are handled. */
export interface ThreadWork<Reply, Result> {
  readonly name: string;
  /** The thread's `workerData`. */
  readonly task: unknown;
  /** Memory of the task that is moved to the thread instead of copied. */
  readonly moved?: readonly Transferable[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The error of a thread that was stopped; default: the reason of `signal`. */
  readonly stopped?: ((reason: unknown) => Error) | undefined;
  /** The result, or undefined while there is more to come. What it throws ends the thread too. */
  readonly onReply: (reply: Reply) => Result | undefined;
  /** The error of a thread that ended without a result. */
  readonly died: (how: string, cause?: unknown) => SystemError;
}

/**
 * Does work in a thread of its own, which can be stopped at any time and whose memory is freed when
 * it ends.
 *
 * @throws what `onReply` throws; the errors of `stopped` and `died`.
 */
export async function inThread<Reply, Result>(
  script: URL,
  { name, task, moved = [], signal, stopped, onReply, died }: ThreadWork<Reply, Result>,
): Promise<Result> {
  const reason = () => stopped?.(signal?.reason) ?? signal?.reason;
  if (signal?.aborted) throw reason();
  const worker = new Worker(script, { workerData: task, transferList: [...moved], name, execArgv: [] });
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop);
  try {
    return await new Promise<Result>((resolve, reject) => {
      worker.on('message', (reply: Reply) => {
        try {
          const result = onReply(reply);
          if (result !== undefined) resolve(result);
        } catch (error) {
          reject(error);
        }
      });
      worker.once('messageerror', (cause) => reject(died(cause.message, cause)));
      worker.once('error', (cause) => reject(died(cause.message, cause)));
      worker.once('exit', (code) => reject(signal?.aborted ? reason() : died(`exit code ${code}`)));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
