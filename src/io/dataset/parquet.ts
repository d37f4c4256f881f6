import { type RecordBatch, Table, tableToIPC } from 'apache-arrow';
import { removeIfThere } from '../../core/atomic-file.ts';
import { writeFailure } from '../../core/disk-full.ts';
import { UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { ParquetFault, type ParquetQuestion, ParquetThread } from './parquet-thread.ts';
import { reasonOf } from './table-error.ts';

/**
 * How the values of vectors are stored before compression: as they are, which every reader knows,
 * or the first bytes of all values, then the second bytes, and so on (BYTE_STREAM_SPLIT), which can
 * make files of dense vectors smaller.
 */
export type ParquetEncoding = (typeof parquetEncodings)[number];

/** The encodings' names. */
export const parquetEncodings = ['plain', 'byte-stream-split'] as const;

/**
 * How the pages of a file are compressed. `zstd` makes the smallest files. The others are for
 * readers that know little, such as parquetjs-lite: files have no dictionaries then.
 */
export type ParquetCompression = (typeof parquetCompressions)[number];

/** The compressions' names. */
export const parquetCompressions = ['zstd', 'snappy', 'gzip', 'none'] as const;

/** How a Parquet file is written. */
export interface ParquetOptions {
  /** Rows in a row group; the writer holds about one row group in memory. */
  readonly rowGroupRows: number;
  /** The text of the file's key-value metadata entry `reelflow`. */
  readonly metadata: string;
  /** What the file says it was written by. */
  readonly createdBy: string;
  /** How the vectors are encoded. Default `plain`. */
  readonly encoding?: ParquetEncoding | undefined;
  /** How the pages are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression | undefined;
  /**
   * Columns small enough for dictionaries and statistics, and never split into bytes: everything
   * but vectors.
   */
  readonly scalarColumns: readonly string[];
}

/** What parquet-wasm can address: the row groups of all files that are written at a time. */
const MAX_BYTES = 2 ** 32;
/** The thread stays for so long when no file is being written, for the next part. */
const LINGER_MILLISECONDS = 2000;

/** All files are written by one thread, so that parquet-wasm is loaded once. */
let writing: { readonly thread: ParquetThread; writers: number; end?: NodeJS.Timeout | undefined } | undefined;

/**
 * Writes record batches to a Parquet file as they come: floats without dictionary and statistics,
 * the same bytes for the same batches. Holds about one row group, in the memory of parquet-wasm,
 * which runs in a thread of its own: a type that it cannot write costs no more than the file.
 * `write` waits until the batch before is taken, so memory stays bounded.
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
   * Creates the file; there must be none of that path. At least one batch must be written before it
   * is closed.
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
    // Thrown by the next call; until then it must not end the process.
    this.#taken.catch(() => undefined);
  }

  /** Writes the footer and waits until everything is on disk. @throws as `write`. */
  async close(): Promise<void> {
    await this.#taken;
    await this.#ask({ type: 'close' });
    this.#end();
  }

  /** Gives up and removes the file. */
  async abort(reason: unknown): Promise<void> {
    if (!this.#ended) {
      // The caller throws the reason; that the rest fails because of it says nothing new.
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
    if (!(error instanceof ParquetFault) || error.code !== undefined) return writeFailure(this.path, error);
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
