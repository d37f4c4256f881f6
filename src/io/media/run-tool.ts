import { spawn } from 'node:child_process';
import { FlowError, MediaError } from '../../errors.ts';
import { DecoderLog } from './decoder-log.ts';
import { toolEnvironment } from './ffmpeg.ts';

/** What a tool that ran to its end gave. */
export interface ToolRun {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly log: DecoderLog;
}

/**
 * Runs ffprobe or ffmpeg to its end. Its standard output goes to `onText` in pieces, or is collected when that is
 * missing. Nothing of it is left behind on timeout, abort or error.
 *
 * @throws MediaError `timeout` after `timeout` ms, `decoder-missing` when it cannot be started; FlowError `aborted`.
 */
export function runTool(
  path: string,
  tool: string,
  toolArguments: readonly string[],
  options: {
    timeout: number;
    signal?: AbortSignal | undefined;
    onText?: ((text: string) => void) | undefined;
    /** Takes the standard error too, in pieces. */
    onLog?: ((text: string) => void) | undefined;
    describe: string;
  },
): Promise<ToolRun> {
  return new Promise((resolve, reject) => {
    const log = new DecoderLog();
    const child = spawn(path, [...toolArguments], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: toolEnvironment(),
      windowsHide: true,
    });
    let stdout = '';
    let failure: unknown;
    const stop = (error: unknown): void => {
      failure ??= error;
      child.stdout.destroy();
      child.kill('SIGKILL');
    };
    const aborted = (): void =>
      stop(new FlowError('aborted', `${options.describe} was aborted`, { cause: options.signal?.reason }));
    const timer = setTimeout(
      () =>
        stop(
          new MediaError('timeout', `${options.describe} took longer than ${options.timeout / 1000} s`, {
            decoderLines: log.lines,
          }),
        ),
      options.timeout,
    );
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', aborted);
    };
    // First, and before its streams are used: a child that could not be started for want of descriptors has none.
    child.once('error', (cause) => {
      settle();
      reject(new MediaError('decoder-missing', `${tool} could not be started: ${cause.message}`, { cause }));
    });
    if ((child.stdout as typeof child.stdout | undefined) === undefined) return;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (options.onText) options.onText(text);
      else stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      options.onLog?.(text);
    });
    child.once('close', (code, signal) => {
      settle();
      log.end();
      if (failure === undefined) resolve({ code, signal, stdout, log });
      else reject(failure);
    });
    options.signal?.addEventListener('abort', aborted, { once: true });
    if (options.signal?.aborted) aborted();
  });
}
