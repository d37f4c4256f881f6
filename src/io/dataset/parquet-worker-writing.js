// @ts-check
import * as parquet from 'parquet-wasm/esm';
import { append, closeFile, openFile, syncFile } from './parquet-worker-file.js';

/** @typedef {import('./parquet-thread.ts').ParquetProperties} ParquetProperties */

/** Files being written, by path. @type {Map<string, TableFile>} */
const files = new Map();

/** A file being written. */
class TableFile {
  #file;
  #batches;
  /** Settles when the last byte is written, or when writing fails. */
  #written;
  /** The error that writing failed with. @type {{ error: unknown } | undefined} */
  #failure;
  /** Ends the one pending call. @type {((error: unknown) => void) | undefined} */
  #fail;

  /** @param {number} file @param {ParquetProperties} properties */
  constructor(file, properties) {
    this.#file = file;
    /** @type {TransformStream<unknown, unknown>} */
    const through = new TransformStream();
    this.#batches = through.writable.getWriter();
    // Its promise waits for the first batch, which provides the schema.
    this.#written = parquet
      .transformParquetStream(through.readable, writerProperties(properties))
      .then((/** @type {ReadableStream<Uint8Array>} */ bytes) => drain(bytes, file))
      .catch((/** @type {unknown} */ error) => {
        this.#failure = { error };
        this.#fail?.(error);
      });
  }

  /** @param {Uint8Array} bytes an Arrow IPC stream of one record batch */
  async write(bytes) {
    const table = parquet.Table.fromIPCStream(bytes);
    try {
      // Handed over to the writer, which frees it.
      const owned = table.recordBatch(0);
      await this.#unlessFailed(this.#batches.write(owned));
    } finally {
      table.free();
    }
  }

  async close() {
    try {
      await this.#unlessFailed(Promise.all([this.#batches.close(), this.#written]));
      if (this.#failure !== undefined) throw this.#failure.error;
      await syncFile(this.#file);
    } finally {
      await closeFile(this.#file);
    }
  }

  /** @param {string} reason */
  async abort(reason) {
    await this.#batches.abort(new Error(reason)).catch(() => undefined);
    await this.#written;
    await closeFile(this.#file).catch(() => undefined);
  }

  /**
   * A promise, or the error of writing, whichever comes first. Done by hand: with every batch,
   * `Promise.race` would leave a reaction behind on the promise of the whole file.
   *
   * @template Value
   * @param {Promise<Value>} promise
   * @returns {Promise<Value>}
   */
  #unlessFailed(promise) {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      promise.then(resolve, reject);
      if (this.#failure !== undefined) reject(this.#failure.error);
    });
  }
}

/** @param {ReadableStream<Uint8Array>} bytes @param {number} file */
async function drain(bytes, file) {
  for await (const chunk of bytes) await append(file, chunk);
}

/** @param {ParquetProperties} properties */
function writerProperties({ rowGroupRows, metadata, createdBy, encoding, compression, scalarColumns }) {
  const { PLAIN, BYTE_STREAM_SPLIT } = parquet.Encoding;
  const { ZSTD, SNAPPY, GZIP, UNCOMPRESSED } = parquet.Compression;
  let builder = new parquet.WriterPropertiesBuilder()
    .setCompression({ zstd: ZSTD, snappy: SNAPPY, gzip: GZIP, none: UNCOMPRESSED }[compression])
    // For all columns except those below: the properties of one column cannot name a column inside
    // a list.
    .setEncoding(encoding === 'byte-stream-split' ? BYTE_STREAM_SPLIT : PLAIN)
    .setDictionaryEnabled(false)
    .setStatisticsEnabled(parquet.EnabledStatistics.None)
    .setMaxRowGroupSize(rowGroupRows)
    .setCreatedBy(createdBy)
    // Only one entry, because the order of several would vary from run to run.
    .setKeyValueMetadata(new Map([['reelflow', metadata]]));
  for (const column of scalarColumns) {
    builder = builder
      .setColumnEncoding(column, PLAIN)
      // The other compressions are for limited readers: parquetjs-lite does not support
      // dictionaries of this version.
      .setColumnDictionaryEnabled(column, compression === 'zstd')
      .setColumnStatisticsEnabled(column, parquet.EnabledStatistics.Chunk);
  }
  return builder.build();
}

/**
 * Creates a file; none may exist at that path.
 * @param {string} path
 * @param {ParquetProperties} properties
 */
export async function createTable(path, properties) {
  files.set(path, new TableFile(await openFile(path, 'wx'), properties));
}

/** Appends a record batch. @param {string} path @param {Uint8Array} bytes */
export async function writeBatch(path, bytes) {
  await fileOf(path).write(bytes);
}

/** Writes the footer and waits until everything is on disk. @param {string} path */
export async function closeTable(path) {
  const file = fileOf(path);
  files.delete(path);
  await file.close();
}

/** Stops writing; the unfinished file stays. @param {string} path @param {string} reason */
export async function abortTable(path, reason) {
  const file = files.get(path);
  files.delete(path);
  await file?.abort(reason);
}

/** @param {string} path */
function fileOf(path) {
  const file = files.get(path);
  if (file === undefined) throw new Error('the thread that was writing it has ended');
  return file;
}
