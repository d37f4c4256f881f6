import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { MediaError } from '../../errors.ts';
import { ByteReader } from './byte-reader.ts';
import { DecoderLog } from './decoder-log.ts';
import { findFfmpeg, toolEnvironment } from './ffmpeg.ts';
import { TickReader } from './tick-reader.ts';

/** How a decoder process ended. */
export interface DecoderExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * One ffmpeg that writes raw media to its standard output and times to descriptor 3.
 *
 * Its standard error and descriptor 3 are drained always, its standard output only on demand. When this process dies,
 * however it dies, the pipes close and ffmpeg's next write ends it. A decoder that waits for a full pipe ignores
 * SIGTERM, so `close` destroys the pipes and sends SIGKILL.
 */
export class DecoderProcess {
  readonly log: DecoderLog;
  readonly ticks: TickReader;
  readonly #child: ChildProcess;
  readonly #reader: ByteReader;
  readonly #exit: Promise<DecoderExit>;
  readonly #watchdog: NodeJS.Timeout;
  readonly #stallTimeout: number;

  constructor(
    name: string,
    inputAndOutput: readonly string[],
    options: { stallTimeout: number; otherCodecs: readonly string[] },
  ) {
    this.#stallTimeout = options.stallTimeout;
    this.log = new DecoderLog(options.otherCodecs);
    const child = spawn(findFfmpeg().path, ['-v', 'level+error', '-nostdin', '-hide_banner', ...inputAndOutput], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: toolEnvironment(),
      windowsHide: true,
    });
    const [, output, errors, times] = child.stdio as [null, Readable, Readable, Readable, ...unknown[]];
    this.#child = child;
    this.#reader = new ByteReader(output);
    this.ticks = new TickReader(times);
    errors.setEncoding('utf8').on('data', (text: string) => this.log.write(text));
    this.#exit = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        clearInterval(this.#watchdog);
        this.log.end();
        resolve({ code, signal });
      });
    });
    child.once('error', (cause) => {
      this.#reader.fail(
        new MediaError('decoder-missing', `ffmpeg could not be started for '${name}': ${cause.message}`, { cause }),
      );
    });
    this.#watchdog = setInterval(() => this.#watch(name), Math.max(50, this.#stallTimeout / 8));
    this.#watchdog.unref();
  }

  /** Process id; undefined when ffmpeg could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Fills `into` with decoded bytes; fewer only at the end. @throws MediaError `timeout` when none came for too long. */
  read(into: Uint8Array): number | Promise<number> {
    return this.#reader.read(into);
  }

  /** Waits until the process has ended by itself and all it printed is in the log. */
  exit(): Promise<DecoderExit> {
    return this.#exit;
  }

  /** Ends the process now if it still runs, and waits until it is gone. May be called more than once. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      for (const stream of this.#child.stdio) stream?.destroy();
      this.#child.kill('SIGKILL');
    }
    if (this.#child.pid !== undefined) await this.#exit;
    clearInterval(this.#watchdog);
  }

  /** Only time in which a reader waits counts: a decoder that nobody asks for pictures is not stalled. */
  #watch(name: string): void {
    if (!this.#stalled()) return;
    // The event loop itself may have been blocked: what has arrived meanwhile is taken in first.
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#stalled()) return;
        this.#reader.fail(
          new MediaError('timeout', `'${name}': the decoder gave nothing for ${this.#stallTimeout / 1000} s`, {
            decoderLines: this.log.lines,
          }),
        );
      }),
    );
  }

  #stalled(): boolean {
    return this.#reader.waiting && performance.now() - this.#reader.lastProgress >= this.#stallTimeout;
  }
}
