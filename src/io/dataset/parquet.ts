import { dirname } from 'node:path';
import { type RecordBatch, Table, tableToIPC } from 'apache-arrow';
import { removeIfThere } from '../../core/atomic-file.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { ParquetFault, type ParquetQuestion, ParquetThread } from './parquet-thread.ts';
import { reasonOf } from './table-error.ts';

/**
 * How the values of vectors are stored before compression: unchanged, which every reader supports,
 * or as the first bytes of all values, then the second bytes, and so on (BYTE_STREAM_SPLIT), which
 * can make files of dense vectors smaller.
 */
export type ParquetEncoding = (typeof parquetEncodings)[number];

/** Names of the encodings. */
export const parquetEncodings = ['plain', 'byte-stream-split'] as const;

/**
 * How the pages of a file are compressed. `zstd` makes the smallest files. The others are for
 * limited readers, such as parquetjs-lite: files then have no dictionaries.
 */
export type ParquetCompression = (typeof parquetCompressions)[number];

/** Names of the compressions. */
export const parquetCompressions = ['zstd', 'snappy', 'gzip', 'none'] as const;

/** How to write a Parquet file. */
export interface ParquetOptions {
  /** Rows in a row group; the writer holds about one row group in memory. */
  readonly rowGroupRows: number;
  /** The text of the file's key-value metadata entry `reelflow`. */
  readonly metadata: string;
  /** The file's `created_by` entry. */
  readonly createdBy: string;
  /** How the vectors are encoded. Default `plain`. */
  readonly encoding?: ParquetEncoding | undefined;
  /** How the pages are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression | undefined;
  /**
   * Columns that are small enough for dictionaries and statistics, and never split into bytes:
   * everything except vectors.
   */
  readonly scalarColumns: readonly string[];
}

/**
 * What parquet-wasm can address, which must hold the row groups of all files that are written at
 * the same time.
 */
const MAX_BYTES = 2 ** 32;
/** When no file is being written, the thread stays this long for the next part. */
const LINGER_MILLISECONDS = 2000;

/** All files are written by one thread, so that parquet-wasm is loaded once. */
let writing: { readonly thread: ParquetThread; writers: number; end?: NodeJS.Timeout | undefined } | undefined;

/**
 * Writes record batches to a Parquet file as they arrive: floats without dictionary and statistics,
 * the same bytes for the same batches. Holds about one row group, in the memory of parquet-wasm,
 * which runs in its own thread: a type that it cannot write costs only the file. `write` waits
 * until the previous batch has been taken, so memory stays bounded.
 */
export class ParquetWriter {
  readonly path: string;
  readonly #thread: ParquetThread;
  #taken: Promise<unknown> = Promise.resolve();
  #ended = false;

  private constructor(path: string, thread: ParquetThread) {
    this.path = path;
    this.#thread = thread;
  }

  /**
   * Creates the file; none may exist at that path. At least one batch must be written before it is
   * closed.
   */
  static async create(path: string, options: ParquetOptions): Promise<ParquetWriter> {
    writing ??= { thread: new ParquetThread(MAX_BYTES), writers: 0 };
    clearTimeout(writing.end);
    writing.writers += 1;
    const writer = new ParquetWriter(path, writing.thread);
    try {
      const properties = { encoding: 'plain', compression: 'zstd', ...given(options) } as const;
      await writer.#ask({ type: 'create', properties });
      return writer;
    } catch (error) {
      writer.#end();
      throw error;
    }
  }

  /**
   * Appends a batch. All batches must have the same columns. A failure may show at the next call.
   *
   * @throws UsageError `disk-full`; `dataset` when a column has a type that cannot be written.
   */
  async write(batch: RecordBatch): Promise<void> {
    await this.#taken;
    const bytes = tableToIPC(new Table(batch.schema, [batch]), 'stream');
    const own = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
    this.#taken = this.#ask({ type: 'write', bytes }, own ? [bytes.buffer as ArrayBuffer] : []);
    // The next call throws the error; until then it must not end the process.
    this.#taken.catch(() => undefined);
  }

  /** Writes the footer and waits until everything is on disk. @throws what `write` throws. */
  async close(): Promise<void> {
    await this.#taken;
    await this.#ask({ type: 'close' });
    this.#end();
  }

  /** Stops writing and removes the file. */
  async abort(reason: unknown): Promise<void> {
    if (!this.#ended) {
      // The caller throws the reason; failures that it causes add nothing new.
      await this.#taken.catch(() => undefined);
      await this.#thread.ask(this.path, { type: 'abort', reason: reasonOf(reason) }).catch(() => undefined);
      this.#end();
    }
    await removeIfThere(this.path);
  }

  async #ask(question: ParquetQuestion, transfer: readonly ArrayBuffer[] = []): Promise<void> {
    try {
      await this.#thread.ask(this.path, question, transfer);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): unknown {
    if (!(error instanceof ParquetFault) || error.code !== undefined)
      return directoryFailure(dirname(this.path), error);
    return new UsageError(`${this.path} cannot be written as Parquet: ${error.message.split('\n')[0]}`, {
      code: 'dataset',
      remedy: 'Leave out columns of unusual types, or cast them to numbers, strings or lists of these.',
      cause: error,
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const shared = writing;
    if (shared === undefined) return;
    shared.writers -= 1;
    if (shared.writers > 0) return;
    shared.end = setTimeout(() => {
      writing = undefined;
      void shared.thread.close();
    }, LINGER_MILLISECONDS).unref();
  }
}
