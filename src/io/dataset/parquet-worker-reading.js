// @ts-check
import * as parquet from 'parquet-wasm/esm';
import { withoutPageIndex } from './parquet-footer.js';
import { closeFile, fill, openFile, sizeOf } from './parquet-worker-file.js';

/** @typedef {import('./parquet-thread.ts').ParquetFacts} ParquetFacts */
/** @typedef {import('./parquet-thread.ts').ParquetRows} ParquetRows */
/**
 * @typedef {{ path: string, descriptor: number, file: parquet.ParquetFile, indexed: boolean }}
 * OpenFile
 */

/** Bytes of the footer's length and the magic. */
const TAIL_BYTES = 8;
const MAGIC = 'PAR1';

/** A part of a file that is read on demand, with the parts of a Blob that parquet-wasm uses. */
class FileRange extends Blob {
  #source;
  #start;
  #size;

  /** @param {FileSource} source @param {number} start @param {number} end */
  constructor(source, start, end) {
    super([]);
    this.#source = source;
    this.#start = start;
    this.#size = end - start;
    // A Blob inherits it from its prototype.
    Object.defineProperty(this, 'size', { value: this.#size });
  }

  /** @override @param {number} [start] @param {number} [end] */
  slice(start = 0, end = this.#size) {
    const last = Math.min(Math.max(end, start), this.#size);
    return new FileRange(this.#source, this.#start + Math.min(start, last), this.#start + last);
  }

  /** @override @returns {Promise<ArrayBuffer>} */
  async arrayBuffer() {
    const bytes = new Uint8Array(this.#size);
    await this.#source.read(bytes, this.#start);
    return bytes.buffer;
  }
}

/** A file up to a position, followed by a replacement for the rest. */
class FileSource {
  #file;
  #end;
  #rest;

  /** @param {number} file @param {number} end @param {Uint8Array} [rest] */
  constructor(file, end, rest = new Uint8Array(0)) {
    this.#file = file;
    this.#end = end;
    this.#rest = rest;
  }

  get whole() {
    return new FileRange(this, 0, this.#end + this.#rest.length);
  }

  /** @param {Uint8Array} into @param {number} start */
  async read(into, start) {
    const here = Math.max(0, Math.min(into.length, this.#end - start));
    await fill(this.#file, into.subarray(0, here), start);
    const offset = start + here - this.#end;
    into.set(this.#rest.subarray(offset, offset + into.length - here), here);
  }
}

/** @type {OpenFile | undefined} */
let current;

/**
 * @param {string} path
 * @param {boolean} indexed whether to read its page index
 * @returns {Promise<OpenFile>}
 */
async function opened(path, indexed) {
  if (current?.path === path && current.indexed === indexed) return current;
  await closeCurrent();
  const descriptor = await openFile(path, 'r');
  try {
    const size = await sizeOf(descriptor);
    const source = indexed ? new FileSource(descriptor, size) : await sourceWithoutIndex(descriptor, size);
    current = { path, descriptor, file: await parquet.ParquetFile.fromFile(source.whole), indexed };
    return current;
  } catch (error) {
    await closeFile(descriptor);
    throw error;
  }
}

/** @param {number} file @param {number} size */
async function sourceWithoutIndex(file, size) {
  const tail = Buffer.alloc(TAIL_BYTES);
  await fill(file, tail, size - TAIL_BYTES);
  const start = size - TAIL_BYTES - tail.readUInt32LE(0);
  const footer = Buffer.alloc(size - TAIL_BYTES - start);
  await fill(file, footer, start);
  const shorter = withoutPageIndex(footer);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(shorter.length);
  return new FileSource(file, start, Buffer.concat([shorter, length, Buffer.from(MAGIC)]));
}

async function closeCurrent() {
  const last = current;
  current = undefined;
  last?.file.free();
  if (last !== undefined) await closeFile(last.descriptor);
}

/**
 * Works on a file. If that fails, tries again without its page index, which some writers
 * (parquetjs-lite) write in a form that no reader accepts, and which is not essential.
 *
 * @template Result
 * @param {string} path
 * @param {(file: parquet.ParquetFile) => Result | Promise<Result>} work
 * @returns {Promise<Result>}
 */
async function withFile(path, work) {
  const indexed = current?.path !== path || current.indexed;
  try {
    return await work((await opened(path, indexed)).file);
  } catch (error) {
    // After a panic, the module cannot be relied on.
    if (!indexed || isPanic(error)) throw error;
    try {
      return await work((await opened(path, false)).file);
    } catch (second) {
      if (isPanic(second)) throw second;
      // The index was not the cause, so the first error is the real one.
      throw error;
    }
  }
}

/** Whether an error is a panic of parquet-wasm. @param {unknown} error */
export function isPanic(error) {
  return error instanceof Error && error.name === 'RuntimeError';
}

/** Facts from the footer. @param {string} path @returns {Promise<ParquetFacts>} */
export function readFacts(path) {
  return withFile(path, factsOf);
}

/** @param {parquet.ParquetFile} file @returns {ParquetFacts} */
function factsOf(file) {
  const metadata = file.metadata();
  const fileMetadata = metadata.fileMetadata();
  const entries = [...fileMetadata.keyValueMetadata()];
  fileMetadata.free();
  const groups = [];
  for (let index = 0; index < metadata.numRowGroups(); index += 1) {
    const group = metadata.rowGroup(index);
    const chunks = group.columns();
    const columns = chunks.map((chunk) => ({
      name: chunk.columnPath()[0] ?? '',
      bytes: chunk.uncompressedSize(),
      values: chunk.numValues(),
    }));
    for (const chunk of chunks) chunk.free();
    groups.push({ rows: group.numRows(), columns });
    group.free();
  }
  metadata.free();
  // The call hands over the schema and frees it.
  return { schema: file.schema().intoIPCStream(), metadata: entries, groups };
}

/**
 * Rows of a row group as an Arrow IPC stream.
 * @param {string} path
 * @param {ParquetRows} rows
 * @returns {Promise<Uint8Array>}
 */
export function readRows(path, { group, offset, limit, columns }) {
  return withFile(path, async (file) => {
    const rows = { rowGroups: [group], offset, limit, batchSize: limit };
    const table = await file.read(columns === undefined ? rows : { ...rows, columns: [...columns] });
    // The call hands over the table and frees it.
    return table.intoIPCStream();
  });
}
