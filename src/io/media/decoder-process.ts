import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { MediaError } from '../../errors.ts';
import { ByteReader } from './byte-reader.ts';
import { DecoderLog } from './decoder-log.ts';
import { findFfmpeg, toolEnvironment } from './ffmpeg.ts';
import { type OutputSocket, openOutputSocket } from './output-socket.ts';
import { TickReader } from './tick-reader.ts';

/** How a decoder process ended. */
export interface DecoderExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a decoder is watched. */
export interface DecoderOptions {
  /** Milliseconds that a read may wait. */
  readonly stallTimeout: number;
  /** Codecs of the file's other streams, whose complaints are not this one's. */
  readonly otherCodecs: readonly string[];
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
  readonly #output: Socket;
  readonly #reader: ByteReader;
  readonly #exit: Promise<DecoderExit>;
  readonly #watchdog: NodeJS.Timeout;
  readonly #stallTimeout: number;

  private constructor(
    name: string,
    child: ChildProcess,
    options: DecoderOptions,
    output: OutputSocket,
    reader: ByteReader,
  ) {
    this.#stallTimeout = options.stallTimeout;
    this.log = new DecoderLog(options.otherCodecs);
    this.#output = output.near;
    this.#reader = reader;
    output.near.on('end', () => reader.finish());
    output.near.on('close', () => reader.finish());
    output.near.on('error', (error) => reader.fail(error));
    const [, , errors, times] = child.stdio as [null, null, Readable, Readable, ...unknown[]];
    this.#child = child;
    child.on('error', (error) => reader.fail(error));
    this.ticks = new TickReader(times);
    errors.setEncoding('utf8').on('data', (text: string) => this.log.write(text));
    this.#exit = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        clearInterval(this.#watchdog);
        this.log.end();
        resolve({ code, signal });
      });
    });
    this.#watchdog = setInterval(() => this.#watch(name), Math.max(50, this.#stallTimeout / 8));
    this.#watchdog.unref();
  }

  /** Starts a decoder. @throws MediaError `decoder-missing` when it cannot be started. */
  static async start(
    name: string,
    inputAndOutput: readonly string[],
    options: DecoderOptions,
  ): Promise<DecoderProcess> {
    const reader = new ByteReader(() => output.near.resume());
    const output = await openOutputSocket((bytes) => reader.arrived(bytes));
    try {
      const child = spawn(findFfmpeg().path, ['-v', 'level+error', '-nostdin', '-hide_banner', ...inputAndOutput], {
        stdio: ['ignore', output.far, 'pipe', 'pipe'],
        env: toolEnvironment(),
        windowsHide: true,
      });
      if (child.pid === undefined) {
        const [cause] = (await once(child, 'error')) as [Error];
        throw new MediaError('decoder-missing', `ffmpeg could not be started for '${name}': ${cause.message}`, {
          cause,
        });
      }
      return new DecoderProcess(name, child, options, output, reader);
    } catch (error) {
      output.near.destroy();
      throw error;
    } finally {
      // The child has its own by now.
      output.far.destroy();
    }
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
      this.#output.destroy();
      for (const stream of this.#child.stdio) stream?.destroy();
      this.#child.kill('SIGKILL');
    }
    if (this.#child.pid !== undefined) await this.#exit;
    this.#output.destroy();
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
