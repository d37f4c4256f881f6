import { type FileHandle, open } from 'node:fs/promises';
import { type RecordBatch, Table, tableToIPC } from 'apache-arrow';
import { removeIfThere } from './atomic-file.ts';
import { writeFailure } from './disk-full.ts';

/**
 * How the values of vectors are stored before compression: as they are, which every reader knows, or the first bytes of all
 * values, then the second bytes, and so on (BYTE_STREAM_SPLIT), which can make files of dense vectors smaller.
 */
export type ParquetEncoding = (typeof PARQUET_ENCODINGS)[number];

/** The encodings' names. */
export const PARQUET_ENCODINGS = ['plain', 'byte-stream-split'] as const;

/** How a Parquet file is written. */
export interface ParquetOptions {
  /** Rows in a row group; the writer holds about one row group in memory. */
  readonly rowGroupRows: number;
  /** The text of the file's key-value metadata entry `reelflow`. */
  readonly metadata: string;
  /** What the file says it was written by. */
  readonly createdBy: string;
  /** How the vectors are encoded. Default `plain`. */
  readonly encoding?: ParquetEncoding;
  /** Columns small enough for dictionaries and statistics, and never split into bytes: everything but vectors. */
  readonly scalarColumns: readonly string[];
}

/**
 * Writes record batches to a Parquet file as they come: ZSTD, floats without dictionary and statistics,
 * the same bytes for the same batches. Holds about one row group, in the memory of parquet-wasm, which is loaded when
 * the first writer opens. `write` waits for the file, so memory stays bounded.
 */
export class ParquetWriter {
  readonly path: string;
  readonly #parquet: typeof import('parquet-wasm');
  readonly #file: FileHandle;
  readonly #batches: WritableStreamDefaultWriter<unknown>;
  /** Settles when the last byte is written, or writing failed. */
  readonly #written: Promise<void>;

  private constructor(
    path: string,
    parquet: typeof import('parquet-wasm'),
    file: FileHandle,
    batches: WritableStreamDefaultWriter<unknown>,
    written: Promise<void>,
  ) {
    this.path = path;
    this.#parquet = parquet;
    this.#file = file;
    this.#batches = batches;
    this.#written = written;
  }

  /** Creates the file; there must be none of that path. At least one batch must be written before it is closed. */
  static async create(path: string, options: ParquetOptions): Promise<ParquetWriter> {
    const parquet = await import('parquet-wasm');
    const { PLAIN, BYTE_STREAM_SPLIT } = parquet.Encoding;
    let builder = new parquet.WriterPropertiesBuilder()
      .setCompression(parquet.Compression.ZSTD)
      // For all columns, less those below: the properties of one column cannot name a column inside a list.
      .setEncoding(options.encoding === 'byte-stream-split' ? BYTE_STREAM_SPLIT : PLAIN)
      .setDictionaryEnabled(false)
      .setStatisticsEnabled(parquet.EnabledStatistics.None)
      .setMaxRowGroupSize(options.rowGroupRows)
      .setCreatedBy(options.createdBy)
      // One entry only: the order of several would change from run to run.
      .setKeyValueMetadata(new Map([['reelflow', options.metadata]]));
    for (const column of options.scalarColumns) {
      builder = builder
        .setColumnEncoding(column, PLAIN)
        .setColumnDictionaryEnabled(column, true)
        .setColumnStatisticsEnabled(column, parquet.EnabledStatistics.Chunk);
    }
    const file = await open(path, 'wx').catch((error: unknown) => {
      throw writeFailure(path, error);
    });
    const through = new TransformStream<unknown, unknown>();
    // Its promise waits for the first batch, for the sake of the schema.
    const written = parquet
      .transformParquetStream(through.readable, builder.build())
      .then((bytes: ReadableStream<Uint8Array>) => drain(bytes, file))
      .catch((error: unknown) => {
        throw writeFailure(path, error);
      });
    // A failure is thrown by `write` or `close`; until one of them waits for it, it must not end the process.
    written.catch(() => undefined);
    return new ParquetWriter(path, parquet, file, through.writable.getWriter(), written);
  }

  /** Appends a batch. All batches must have the same columns. @throws UsageError `disk-full`. */
  async write(batch: RecordBatch): Promise<void> {
    const table = this.#parquet.Table.fromIPCStream(tableToIPC(new Table(batch.schema, [batch]), 'stream'));
    try {
      // Given over to the writer, which frees it.
      const owned = table.recordBatch(0);
      await Promise.race([this.#batches.write(owned), this.#written]);
    } finally {
      table.free();
    }
  }

  /** Writes the footer and waits until everything is on disk. */
  async close(): Promise<void> {
    try {
      await Promise.all([this.#batches.close(), this.#written]);
      await this.#file.sync().catch((error: unknown) => {
        throw writeFailure(this.path, error);
      });
    } finally {
      await this.#file.close();
    }
  }

  /** Gives up and removes the file. */
  async abort(reason: unknown): Promise<void> {
    // The caller throws the reason; that the rest fails because of it says nothing new.
    await this.#batches.abort(reason).catch(() => undefined);
    await this.#written.catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    await removeIfThere(this.path);
  }
}

async function drain(bytes: ReadableStream<Uint8Array>, file: FileHandle): Promise<void> {
  for await (const chunk of bytes) await file.writeFile(chunk);
}
