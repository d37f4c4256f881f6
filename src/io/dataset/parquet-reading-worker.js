// @ts-check
// The thread that reads Parquet: damage that makes parquet-wasm panic ends this thread and nothing else, and its memory,
// which never shrinks, goes with it. JavaScript, because a worker thread of Node 20 cannot load TypeScript.
import { open } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import * as parquet from 'parquet-wasm';

/** @typedef {import('./parquet-thread.ts').ParquetRequest} ParquetRequest */
/** @typedef {import('./parquet-thread.ts').ParquetFacts} ParquetFacts */
/** @typedef {{ path: string, handle: import('node:fs/promises').FileHandle, file: parquet.ParquetFile }} OpenFile */

if (parentPort === null) throw new Error('parquet-reading-worker.js runs as a worker thread only');
const port = parentPort;

/** A part of a file that is read when it is asked for: all that parquet-wasm uses of a Blob. */
class FileRange extends Blob {
  #handle;
  #start;
  #size;

  /** @param {import('node:fs/promises').FileHandle} handle @param {number} start @param {number} end */
  constructor(handle, start, end) {
    super([]);
    this.#handle = handle;
    this.#start = start;
    this.#size = end - start;
    // A Blob has it from its prototype.
    Object.defineProperty(this, 'size', { value: this.#size });
  }

  /** @override @param {number} [start] @param {number} [end] */
  slice(start = 0, end = this.#size) {
    const last = Math.min(Math.max(end, start), this.#size);
    return new FileRange(this.#handle, this.#start + Math.min(start, last), this.#start + last);
  }

  /** @override @returns {Promise<ArrayBuffer>} */
  async arrayBuffer() {
    const bytes = new Uint8Array(this.#size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, bytes.length - filled, this.#start + filled);
      if (bytesRead === 0) throw new Error(`the file ends at byte ${this.#start + filled}`);
      filled += bytesRead;
    }
    return bytes.buffer;
  }
}

/** @type {OpenFile | undefined} */
let current;

/** @param {string} path @returns {Promise<OpenFile>} */
async function opened(path) {
  if (current?.path === path) return current;
  await closeCurrent();
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    current = { path, handle, file: await parquet.ParquetFile.fromFile(new FileRange(handle, 0, size)) };
    return current;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function closeCurrent() {
  const last = current;
  current = undefined;
  last?.file.free();
  await last?.handle.close();
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
  // The call gives the schema over and frees it.
  return { schema: file.schema().intoIPCStream(), metadata: entries, groups };
}

/** @param {ParquetRequest} request @returns {Promise<{ value: unknown, moved: ArrayBuffer[] }>} */
async function answer(request) {
  const { file } = await opened(request.path);
  if (request.type === 'facts') return { value: factsOf(file), moved: [] };
  const { group, offset, limit, columns } = request;
  const table = await file.read({
    rowGroups: [group],
    offset,
    limit,
    batchSize: limit,
    ...(columns === undefined ? {} : { columns: [...columns] }),
  });
  // The call gives the table over and frees it.
  const bytes = table.intoIPCStream();
  return { value: bytes, moved: [/** @type {ArrayBuffer} */ (bytes.buffer)] };
}

/** One request after another: a file is open at a time. */
let last = Promise.resolve();
port.on('message', (/** @type {ParquetRequest} */ request) => {
  last = last.then(async () => {
    try {
      const { value, moved } = await answer(request);
      port.postMessage({ id: request.id, value }, moved);
    } catch (error) {
      // After a panic nothing of the module can be relied on: the thread ends.
      if (error instanceof Error && error.name === 'RuntimeError') throw error;
      port.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) });
    }
  });
});
