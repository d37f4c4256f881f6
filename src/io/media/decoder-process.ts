import { MediaError, SystemError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { DecoderChild, type DecoderExit } from './decoder-child.ts';
import { DecoderLog } from './decoder-log.ts';
import { findFfmpeg, toolEnvironment } from './ffmpeg.ts';
import { TickReader } from './tick-reader.ts';

/** How a decoder is watched. */
export interface DecoderOptions {
  /** Milliseconds that a read may wait. */
  readonly stallTimeout: number;
  /** Codecs of the file's other streams, whose complaints are not this one's. */
  readonly otherCodecs: readonly string[];
  /** Called with each line on descriptor 3 as it arrives. */
  readonly onTick?: ((frame: number, ticks: number | undefined) => void) | undefined;
}

/**
 * One ffmpeg that writes raw media to its standard output and times to descriptor 3.
 *
 * A decoder thread starts it and reads its output (`DecoderChild`). Its standard error and
 * descriptor 3 are always drained, its standard output only on demand. If this process dies in any
 * way, the pipes close and ffmpeg's next write ends it. A decoder that waits for a full pipe
 * ignores SIGTERM, so `close` destroys the pipes and sends SIGKILL.
 */
export class DecoderProcess {
  readonly log: DecoderLog;
  readonly ticks: TickReader;
  readonly #child: DecoderChild;
  readonly #watchdog: NodeJS.Timeout;
  readonly #stallTimeout: number;
  /** When the current read began; undefined while none is waiting. */
  #waitingSince: number | undefined;
  #hasExited = false;
  #stall: MediaError | undefined;

  private constructor(name: string, child: DecoderChild, options: DecoderOptions) {
    this.#stallTimeout = options.stallTimeout;
    this.log = new DecoderLog(options.otherCodecs);
    this.#child = child;
    this.ticks = new TickReader(child.times, options.onTick);
    child.errors.on('data', (text: string) => this.log.write(text));
    child.exit.then(() => {
      this.#hasExited = true;
      clearInterval(this.#watchdog);
      this.log.end();
    });
    this.#watchdog = setInterval(() => this.#watch(name), Math.max(50, this.#stallTimeout / 8));
    this.#watchdog.unref();
  }

  /** Starts a decoder. @throws SystemError `decoder-missing` if it cannot be started. */
  static async start(
    name: string,
    inputAndOutput: readonly string[],
    options: DecoderOptions,
  ): Promise<DecoderProcess> {
    const args = ['-v', 'level+error', '-nostdin', '-hide_banner', ...inputAndOutput];
    let child: DecoderChild;
    try {
      child = await DecoderChild.start(findFfmpeg().path, args, toolEnvironment());
    } catch (cause) {
      if (cause instanceof SystemError) throw cause;
      const message = `ffmpeg could not be started for '${name}': ${wordsOf(cause)}`;
      throw new SystemError('decoder-missing', message, { cause });
    }
    return new DecoderProcess(name, child, options);
  }

  /**
   * Fills `into` with decoded bytes; fewer only at the end. If `into` is a whole buffer of the
   * pool, they arrive in it without passing through this thread.
   *
   * @throws MediaError `timeout` if none arrived for too long.
   */
  async read(into: Uint8Array): Promise<number> {
    this.#waitingSince = performance.now();
    try {
      const bytes = await this.#child.read(into);
      if (this.#stall !== undefined) throw this.#stall;
      return bytes;
    } finally {
      this.#waitingSince = undefined;
    }
  }

  /** Waits until the process has ended on its own and everything it printed is in the log. */
  exit(): Promise<DecoderExit> {
    return this.#child.exit;
  }

  /**
   * Kills the process if it is still running, and waits until it is gone. May be called more than
   * once.
   */
  async close(): Promise<void> {
    if (!this.#hasExited) this.#child.kill();
    await this.#child.exit;
    clearInterval(this.#watchdog);
  }

  /** Only time spent waiting counts: a decoder that nobody is reading from is not stalled. */
  #watch(name: string): void {
    if (!this.#stalled()) return;
    // The event loop itself may have been blocked: what has arrived meanwhile is processed first.
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#stalled()) return;
        this.#stall ??= new MediaError(
          'timeout',
          `'${name}': the decoder produced nothing for ${this.#stallTimeout / 1000} s`,
          { decoderLines: this.log.lines },
        );
        // The read settles when the thread has stopped writing.
        this.#child.kill();
      }),
    );
  }

  #stalled(): boolean {
    return this.#waitingSince !== undefined && performance.now() - this.#waitingSince >= this.#stallTimeout;
  }
}
