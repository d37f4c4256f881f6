// @ts-check
// The thread of parquet-wasm: if it panics (because of damage in what it reads, or a type that it
// cannot write), only this thread ends, and its memory, which never shrinks, is freed. This is
// JavaScript because a worker thread in Node 20 cannot load TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import { loadParquet } from './parquet-module.js';
import { isPanic, readFacts, readRows } from './parquet-worker-reading.js';
import { abortTable, closeTable, createTable, writeBatch } from './parquet-worker-writing.js';

/** @typedef {import('./parquet-thread.ts').ParquetRequest} ParquetRequest */

if (parentPort === null) throw new Error('parquet-worker.js runs as a worker thread only');
const port = parentPort;
loadParquet(workerData.mostBytes);

/** @param {ParquetRequest} request @returns {Promise<unknown>} */
function answer(request) {
  switch (request.type) {
    case 'facts':
      return readFacts(request.path);
    case 'rows':
      return readRows(request.path, request);
    case 'create':
      return createTable(request.path, request.properties);
    case 'write':
      return writeBatch(request.path, request.bytes);
    case 'close':
      return closeTable(request.path);
    case 'abort':
      return abortTable(request.path, request.reason);
  }
}

/** Requests are handled one after another. */
let last = Promise.resolve();
port.on('message', (/** @type {ParquetRequest} */ request) => {
  last = last.then(async () => {
    try {
      const value = await answer(request);
      port.postMessage(
        { id: request.id, value },
        value instanceof Uint8Array ? [/** @type {ArrayBuffer} */ (value.buffer)] : [],
      );
    } catch (error) {
      // After a panic the module cannot be relied on, so the thread ends.
      if (isPanic(error)) throw error;
      const { message, code } = /** @type {NodeJS.ErrnoException} */ (
        error instanceof Error ? error : new Error(String(error))
      );
      port.postMessage({ id: request.id, error: { message, code } });
    }
  });
});
