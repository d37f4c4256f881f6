import { FlowError, MediaError, SystemError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { DecoderChild } from './decoder-child.ts';
import { DecoderLog } from './decoder-log.ts';
import { toolEnvironment } from './ffmpeg.ts';

/** Bytes of standard output that are read at a time. */
const READ_BYTES = 64 * 1024;

/** The outcome of a tool that ran to its end. */
export interface ToolRun {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly log: DecoderLog;
}

/**
 * Runs ffprobe or ffmpeg to its end. Its standard output goes to `onText` in pieces, or is
 * collected without one. Nothing is left behind on timeout, abort or error.
 *
 * @throws MediaError `timeout` after `timeout` ms; SystemError `decoder-missing` if it cannot be
 * started; FlowError `aborted`.
 */
export async function runTool(
  path: string,
  tool: string,
  toolArguments: readonly string[],
  options: {
    timeout: number;
    signal?: AbortSignal | undefined;
    onText?: ((text: string) => void) | undefined;
    /** Called with the standard error too, in pieces. */
    onLog?: ((text: string) => void) | undefined;
    describe: string;
  },
): Promise<ToolRun> {
  const { describe, signal, timeout } = options;
  const log = new DecoderLog();
  const abortion = () => new FlowError('aborted', `${describe} was aborted`, { cause: signal?.reason });
  if (signal?.aborted) throw abortion();
  const child = await DecoderChild.start(path, toolArguments, toolEnvironment()).catch((cause: Error) => {
    if (cause instanceof SystemError) throw cause;
    throw new SystemError('decoder-missing', `${tool} could not be started: ${wordsOf(cause)}`, { cause });
  });
  let failure: unknown;
  const stop = (error: unknown): void => {
    failure ??= error;
    child.kill();
  };
  const aborted = (): void => stop(abortion());
  const late = () =>
    stop(new MediaError('timeout', `${describe} took longer than ${timeout / 1000} s`, { decoderLines: log.lines }));
  const timer = setTimeout(late, timeout);
  signal?.addEventListener('abort', aborted, { once: true });
  if (signal?.aborted) aborted();
  child.errors.on('data', (text: string) => {
    log.write(text);
    options.onLog?.(text);
  });
  try {
    const stdout = await readText(child, options.onText);
    const { code, signal: ending } = await child.exit;
    log.end();
    if (failure !== undefined) throw failure;
    return { code, signal: ending, stdout, log };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
    child.kill();
  }
}

/** The standard output of a program, unless it is taken in pieces. */
async function readText(child: DecoderChild, onText: ((text: string) => void) | undefined): Promise<string> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(READ_BYTES);
  let text = '';
  for (;;) {
    const filled = await child.read(bytes);
    const isLast = filled < bytes.length;
    const piece = decoder.decode(bytes.subarray(0, filled), { stream: !isLast });
    if (onText === undefined) text += piece;
    else onText(piece);
    if (isLast) return text;
  }
}
