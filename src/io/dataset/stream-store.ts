import type { Writable } from 'node:stream';
import { writeFailure } from '../../core/disk-full.ts';
import type { UnitStreamEncoder } from './arrow-stream.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { UnitTable } from './schema.ts';
import type { KeptLetter, UnitStore } from './unit-store.ts';

/** How to write units to a stream. */
export interface StreamStoreOptions {
  /** When aborted, a write that is waiting for the reader is abandoned. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes that start, or stop, waiting for the reader. */
  readonly onWaiting?: ((bytes: number) => void) | undefined;
}

/**
 * Writes units to a stream as they arrive, with the interface of a commit store: one record batch
 * each, one write at a time, and a commit resolves when the stream has taken the bytes. So a reader
 * that does not read holds up the commits, and with them everything before. If the reader goes
 * away, that is not an error: `readerGone` aborts. Nothing is stored, so there is nothing to
 * resume.
 *
 * Buffering: the units whose commits are waiting, and nothing else. Cancellation: `signal`.
 */
export class StreamStore implements UnitStore {
  readonly #stream: Writable;
  readonly #encoder: UnitStreamEncoder;
  readonly #options: StreamStoreOptions;
  readonly #gone = new AbortController();
  #broken = false;
  /** The error of the stream. */
  #failure: Error | undefined;
  /** Ends the current write. */
  #abandon: (error: unknown) => void = () => {};
  #last: Promise<unknown> = Promise.resolve();

  constructor(stream: Writable, encoder: UnitStreamEncoder, options: StreamStoreOptions = {}) {
    this.#stream = stream;
    this.#encoder = encoder;
    this.#options = options;
    stream.on('error', this.#onError);
    stream.on('close', this.#onClose);
  }

  /** Aborted when the reader has gone away. */
  get readerGone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Writes the schema, so that a reader knows the columns before there is a unit. */
  async open(): Promise<void> {
    await this.#write(() => this.#encoder.start);
  }

  /** None: units of an earlier run are not stored anywhere. */
  async facts(_key: string): Promise<undefined> {}

  /** No, for the same reason. */
  async has(_key: string): Promise<boolean> {
    return false;
  }

  /** None, for the same reason. */
  async keys(): Promise<string[]> {
    return [];
  }

  /** None, for the same reason. */
  async letter(_key: string): Promise<undefined> {}

  /** None, for the same reason. */
  async letters(): Promise<KeptLetter[]> {
    return [];
  }

  /** None, for the same reason. */
  async retry(_keys: readonly string[]): Promise<number> {
    return 0;
  }

  /** Nothing: every unit of a stream is the only one of its item. */
  async makeCurrent(_itemId: string, _key: string): Promise<void> {}

  /** Yes, for the same reason. */
  async isCurrent(_itemId: string, _key: string): Promise<boolean> {
    return true;
  }

  /** No: see `letter`. */
  async hasLetter(_key: string): Promise<boolean> {
    return false;
  }

  async hasLetters(): Promise<boolean> {
    return false;
  }

  /** Nothing: there is nothing to look at. */
  async refresh(): Promise<void> {}

  /**
   * Writes a unit; resolves when the stream has taken it.
   * @throws the error of the stream, or the reason of the abort.
   */
  async commit(_key: string, unit: UnitTable): Promise<'committed'> {
    const bytes = unit.columns.reduce((sum, column) => sum + column.values.byteLength, 0);
    this.#options.onWaiting?.(bytes);
    try {
      await this.#write(() => this.#encoder.batch(unit));
      return 'committed';
    } finally {
      this.#options.onWaiting?.(-bytes);
    }
  }

  /** Nothing: whoever runs the units reports dead letters. */
  async record(_key: string, _letter: DeadLetter): Promise<void> {}

  /**
   * Ends the Arrow stream, but not the stream that it was written to. If this is not called, the
   * reader can tell that the stream is incomplete.
   */
  async end(): Promise<void> {
    await this.#write(() => this.#encoder.end);
  }

  /** Releases the stream. */
  release(): void {
    this.#stream.off('error', this.#onError);
    this.#stream.off('close', this.#onClose);
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE' || error.code === 'ECONNRESET') this.#gone.abort(error);
    else this.#broken = true;
    this.#fail(writeFailure('the stream', error) as Error);
  };

  readonly #onClose = (): void => {
    // A stream closes after any error; it has lost its reader only if it closes without one.
    if (this.#broken) return;
    const error = new Error('the reader has closed the stream');
    this.#gone.abort(error);
    this.#fail(error);
  };

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#abandon(error);
  }

  /** Encodes each unit only when its turn comes, so that only one unit's bytes exist at a time. */
  #write(encode: () => Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#writeNow(encode()));
    this.#last = written.catch(() => {});
    return written;
  }

  #writeNow(bytes: Uint8Array): Promise<void> {
    const { signal } = this.#options;
    const stop = () => this.#abandon(signal?.reason);
    // One promise for each write and nothing that outlives it: racing every write against a promise
    // of the stream's failure would retain something of each write.
    return new Promise<void>((resolve, reject) => {
      this.#abandon = reject;
      if (this.#failure !== undefined) return reject(this.#failure);
      if (signal?.aborted) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      this.#stream.write(bytes, (error) => {
        if (!error) return resolve();
        // This runs before the event: whoever waits for the commit must find `readerGone` aborted.
        this.#onError(error);
        reject(writeFailure('the stream', error));
      });
    }).finally(() => signal?.removeEventListener('abort', stop));
  }
}
