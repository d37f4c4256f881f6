// @ts-check
// The thread that runs a network. JavaScript, because a worker thread of Node 20 cannot load TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { freeCopies } from './free-copies.js';

/** @typedef {import('./session.ts').SessionPlan} SessionPlan */
/** @typedef {import('./session.ts').SessionPart} SessionPart */
/** @typedef {import('./session.ts').WorkerRequest} WorkerRequest */
/** @typedef {import('./session.ts').WorkerReply} WorkerReply */
/** @typedef {{ part: SessionPart, session: ort.InferenceSession, inputShape: readonly number[], outputShape: readonly number[] }} OpenPart */

if (parentPort === null) throw new Error('inference-worker.js runs as a worker thread only');
const port = parentPort;
const plan = /** @type {SessionPlan} */ (workerData);

/** @param {WorkerReply} reply */
function answer(reply) {
  port.postMessage(reply);
}

/** @param {readonly number[]} shape */
const elements = (shape) => shape.reduce((product, size) => product * size, 1);

/** @param {SessionPart} part */
const leastRows = (part) => part.leastRows ?? 1;

class ShapeError extends Error {}

/**
 * The options of every session. Measured with AlexNet and VGGish, see docs/decisions.md:
 * without prepacking, ONNX Runtime reads weights where they are mapped instead of keeping a second copy of them;
 * without spinning, threads that wait leave their core to the decoders.
 *
 * @param {SessionPart} part
 * @returns {import('onnxruntime-node').InferenceSession.SessionOptions}
 */
function sessionOptions(part) {
  return {
    // The CPU takes the operations that a device does not know.
    executionProviders: plan.device === undefined || plan.device === 'cpu' ? ['cpu'] : [plan.device, 'cpu'],
    intraOpNumThreads: plan.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // The arena would keep the room of what integer dense layers need only while their weights are reordered.
    enableCpuMemArena: part.arena !== false,
    // A block for all activations of a run would be kept beside what the arena gave the first run: twice the memory, and not faster.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      session: {
        disable_prepacking: part.prepack ? '0' : '1',
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
      },
    },
  };
}

/**
 * Opens one part, and runs it once on zeros: that tells the shape of what it gives.
 *
 * @param {SessionPart} part
 * @param {readonly number[]} inputShape
 * @returns {Promise<OpenPart>}
 */
async function openPart(part, inputShape) {
  const session = await ort.InferenceSession.create(part.model, sessionOptions(part));
  const rows = Math.max(leastRows(part), Math.min(2, part.rows));
  const size = rows * elements(inputShape);
  const zeros = part.inputType === 'uint8' ? new Uint8Array(size) : new Float32Array(size);
  const results = await session.run({ [part.input]: new ort.Tensor(part.inputType, zeros, [rows, ...inputShape]) });
  const result = results[part.output];
  if (result === undefined || result.type !== 'float32' || result.dims[0] !== rows) {
    const came = result ? `${result.type} [${result.dims}]` : 'nothing';
    throw new ShapeError(
      `output '${part.output}' must be float32 with one row per input row, but is ${came} for ${rows} rows`,
    );
  }
  return { part, session, inputShape, outputShape: result.dims.slice(1) };
}

/** @returns {Promise<OpenPart[]>} */
async function open() {
  /** @type {OpenPart[]} */
  const opened = [];
  for (const part of plan.parts) {
    const before = opened.at(-1);
    opened.push(await openPart(part, before ? before.outputShape : part.rowShape));
  }
  const last = /** @type {OpenPart} */ (opened.at(-1));
  if (elements(last.outputShape) !== plan.dimension) {
    throw new ShapeError(
      `output '${last.part.output}' has ${elements(last.outputShape)} values per row ([${last.outputShape}]), but the card says dimension ${plan.dimension}`,
    );
  }
  return opened;
}

/**
 * Runs a batch through all parts, each in as many runs as its own limit of rows asks for. A run of fewer rows than a part needs
 * takes along what an earlier run left behind them, and that result is overwritten or not read. ONNX Runtime takes no shared memory, so the rows of one run at a time are copied out of it, and the last part's results into it.
 *
 * @param {OpenPart[]} opened
 * @param {Uint8Array | Float32Array} rows of one run of the first part
 * @param {Float32Array[]} made results of each part for a whole batch
 * @param {Extract<WorkerRequest, { kind: 'run' }>} request
 */
async function run(opened, rows, made, request) {
  /** @type {Uint8Array | Float32Array} */
  let values = plan.parts[0]?.inputType === 'uint8' ? new Uint8Array(request.input) : new Float32Array(request.input);
  for (const [index, { part, session, inputShape, outputShape }] of opened.entries()) {
    const results = /** @type {Float32Array} */ (made[index]);
    const inputLength = elements(inputShape);
    const outputLength = elements(outputShape);
    for (let start = 0; start < request.rows; start += part.rows) {
      const end = Math.min(start + part.rows, request.rows);
      const count = Math.max(end - start, leastRows(part));
      let input = values.subarray(start * inputLength, (index === 0 ? end : start + count) * inputLength);
      if (index === 0) {
        rows.set(input);
        input = rows.subarray(0, count * inputLength);
      }
      const output = results.subarray(start * outputLength, (start + count) * outputLength);
      const targets = { [part.output]: new ort.Tensor('float32', output, [count, ...outputShape]) };
      const inputs = { [part.input]: new ort.Tensor(part.inputType, input, [count, ...inputShape]) };
      freeCopies(await session.run(inputs, targets), targets);
    }
    values = results;
  }
  new Float32Array(request.output).set(values.subarray(0, request.rows * plan.dimension));
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

try {
  const opened = await open();
  const first = /** @type {OpenPart} */ (opened[0]);
  const rowsLength =
    Math.max(Math.min(first.part.rows, plan.batch), leastRows(first.part)) * elements(first.inputShape);
  const rows = first.part.inputType === 'uint8' ? new Uint8Array(rowsLength) : new Float32Array(rowsLength);
  const spare = Math.max(...plan.parts.map(leastRows)) - 1;
  const made = opened.map(({ outputShape }) => new Float32Array((plan.batch + spare) * elements(outputShape)));
  /** @param {WorkerRequest} request */
  const handle = async (request) => {
    if (request.kind === 'close') {
      for (const { session } of opened) await session.release();
      port.close();
      return;
    }
    try {
      await run(opened, rows, made, request);
      answer({ kind: 'done' });
    } catch (error) {
      answer({ kind: 'failed', message: messageOf(error) });
    }
  };
  // One after another: a request to close waits for the batch before it.
  let last = Promise.resolve();
  port.on('message', (/** @type {WorkerRequest} */ request) => {
    last = last.then(() => handle(request));
  });
  answer({ kind: 'ready' });
} catch (error) {
  answer({ kind: 'unusable', code: error instanceof ShapeError ? 'shape' : 'session', message: messageOf(error) });
  port.close();
}
