// @ts-check
// The thread in which scran.js finds neighbours, or lays a graph of them out. JavaScript, because a
// worker thread of Node 20 cannot load TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import * as scran from 'scran.js';

/** @typedef {import('./umap-thread.ts').UmapTask} UmapTask */
/** @typedef {import('./umap-thread.ts').UmapReply} UmapReply */

/** Milliseconds between two words of progress. */
const TURN = 500;

if (parentPort === null) throw new Error('umap-worker.js runs as a worker thread only');
const port = parentPort;

/** @param {UmapReply} reply @param {ArrayBuffer[]} [moved] */
function answer(reply, moved = []) {
  port.postMessage(reply, moved);
}

const task = /** @type {UmapTask} */ (workerData);
// One thread: with more the layout depends on their number.
await scran.initialize({ numberOfThreads: 1 });
if (task.kind === 'neighbours') {
  const { values, count, dimension, k, approximate } = task;
  const own = scran.createFloat64WasmArray(count * dimension);
  own.array().set(values);
  const index = scran.buildNeighborSearchIndex(own, {
    ...{ numberOfDims: dimension, numberOfCells: count },
    approximate,
  });
  own.free();
  const lists = scran.findNearestNeighbors(index, k, { numberOfThreads: 1 }).serialize();
  answer(
    { kind: 'neighbours', lists },
    [lists.runs, lists.indices, lists.distances].map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)),
  );
} else {
  const { lists, epochs, minDistance } = task;
  const found = scran.FindNearestNeighborsResults.unserialize(lists.runs, lists.indices, lists.distances);
  const status = scran.initializeUmap(found, { epochs, minDist: minDistance, numberOfThreads: 1 });
  while (status.currentEpoch() < status.totalEpochs()) {
    status.run({ runTime: TURN });
    answer({ kind: 'epoch', epoch: status.currentEpoch(), of: status.totalEpochs() });
  }
  const { x, y } = status.extractCoordinates();
  answer({ kind: 'layout', x: x.slice(), y: y.slice() });
}
await scran.terminate();
