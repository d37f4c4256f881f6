// @ts-check
// The thread that trains a module. JavaScript, because a worker thread of Node 20 cannot load
// TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import { StepRunner } from './step-runner.js';

/** @typedef {import('./thread-messages.ts').ThreadRequest} ThreadRequest */
/** @typedef {import('./thread-messages.ts').ThreadReply} ThreadReply */
/** @typedef {import('./feeds.ts').Feeds} Feeds */

if (parentPort === null) throw new Error('training-worker.js runs as a worker thread only');
const port = parentPort;
const { plan, seed, loop, noiseKey } = /** @type {import('./thread-messages.ts').ThreadStart} */ (workerData);

/** @param {ThreadReply} reply @param {ArrayBuffer[]} [moved] */
function answer(reply, moved = []) {
  port.postMessage(reply, moved);
}

/** @param {Feeds} feeds */
function buffersOf(feeds) {
  return new Set(Object.values(feeds).map(({ data }) => /** @type {ArrayBuffer} */ (data.buffer)));
}

/**
 * @param {StepRunner} runner
 * @param {Exclude<ThreadRequest, { kind: 'close' }>} request
 * @returns {Promise<{ values: Float32Array[], buffers: ArrayBuffer[] }>}
 */
async function perform(runner, request) {
  if (request.kind === 'steps') {
    const losses = await runner.steps(request.steps);
    const buffers = new Set(request.steps.flatMap(({ feeds }) => [...buffersOf(feeds)]));
    return { values: [losses], buffers: [...buffers] };
  }
  if (request.kind === 'evaluate') {
    return { values: [await runner.evaluate(request.feeds)], buffers: [...buffersOf(request.feeds)] };
  }
  if (request.kind === 'read') return { values: runner.state(), buffers: [] };
  if (request.kind === 'read-remembered') return { values: runner.remembered() ?? [], buffers: [] };
  if (request.kind === 'load') runner.load(request.values);
  else if (request.kind === 'load-remembered') runner.loadRemembered(request.values);
  else if (request.kind === 'remember') runner.remember();
  else runner.recall();
  return { values: [], buffers: [] };
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

try {
  const runner = await StepRunner.open(plan, { seed, loop, noiseKey });
  /** @param {ThreadRequest} request */
  const handle = async (request) => {
    if (request.kind === 'close') {
      await runner.close();
      // Without a port to wait for, the thread ends. Deno's cannot be closed.
      port.unref();
      return;
    }
    try {
      const { values, buffers } = await perform(runner, request);
      answer({ kind: 'done', values, buffers }, [
        ...values.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)),
        ...buffers,
      ]);
    } catch (error) {
      answer({ kind: 'failed', message: messageOf(error) });
    }
  };
  let last = Promise.resolve();
  port.on('message', (/** @type {ThreadRequest} */ request) => {
    last = last.then(() => handle(request));
  });
  answer({ kind: 'ready' });
} catch (error) {
  answer({ kind: 'unusable', message: messageOf(error) });
  port.unref();
}
