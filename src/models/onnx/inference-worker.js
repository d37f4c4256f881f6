// @ts-check
// The thread that runs a network. JavaScript, because a worker thread of Node 20 cannot load
// TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { KnownMemory } from '../../core/known-memory.js';
import { freeCopies } from './free-copies.js';

/** @typedef {import('./session.ts').SessionPart} SessionPart */
/** @typedef {import('./session.ts').WorkerRequest} WorkerRequest */
/** @typedef {import('./session.ts').WorkerReply} WorkerReply */
/** @typedef {Extract<WorkerRequest, { kind: 'run' }>} RunRequest */
/**
 * @typedef {{ part: SessionPart, rows: number, session: ort.InferenceSession, inputShape: readonly
 * number[], outputShape: readonly number[] }} OpenPart
 */

if (parentPort === null) throw new Error('inference-worker.js runs as a worker thread only');
const port = parentPort;
const { plan, place } = /** @type {import('./session.ts').WorkerData} */ (workerData);
const memory = new KnownMemory();

/** @param {WorkerReply} reply */
function answer(reply) {
  port.postMessage(reply);
}

/** @param {readonly number[]} shape */
const elements = (shape) => shape.reduce((product, size) => product * size, 1);

/** @param {OpenPart} opened */
const minRows = ({ part, rows }) => (rows < part.rows ? rows : (part.minRows ?? 1));

class ShapeError extends Error {}

/**
 * The options of every session. Measured with AlexNet and VGGish, see docs/decisions.md: without
 * prepacking, ONNX Runtime reads weights where they are mapped instead of keeping a second copy of
 * them; without spinning, waiting threads leave their core to the decoders.
 *
 * @param {SessionPart} part
 * @returns {import('onnxruntime-node').InferenceSession.SessionOptions}
 */
function sessionOptions(part) {
  const { device, number } = place;
  return {
    // The CPU runs the operations that a device does not support.
    executionProviders: device === 'cuda' ? [{ name: device, deviceId: number }, 'cpu'] : [...new Set([device, 'cpu'])],
    intraOpNumThreads: plan.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // The arena would keep memory that integer dense layers need only while their weights are
    // reordered.
    enableCpuMemArena: part.arena !== false,
    // A block for all activations of a run would be kept in addition to what the arena gave the
    // first run: twice the memory, and no faster.
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
 * Opens one part and runs it once on zeros: that reveals its output shape, and lets a device choose
 * its algorithms for the shape that every run will have.
 *
 * @param {SessionPart} part
 * @param {readonly number[]} inputShape
 * @returns {Promise<OpenPart>}
 */
async function openPart(part, inputShape) {
  const session = await ort.InferenceSession.create(part.model, sessionOptions(part));
  /** @type {OpenPart} */
  const opened = { part, rows: part.rows, session, inputShape, outputShape: [] };
  return withinMemory(opened, async () => {
    const rows = Math.max(minRows(opened), Math.min(2, opened.rows));
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
    return { ...opened, outputShape: result.dims.slice(1) };
  });
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {unknown} error */
const lacksDeviceMemory = (error) =>
  place.device !== 'cpu' &&
  /out of memory|failed to allocate memory|OutOfDeviceMemory|CUDNN_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED/i.test(
    messageOf(error),
  );

/** Rows per run after the device ran out of memory for the planned number; reported once. */
let rowsHalved = /** @type {number | undefined} */ (undefined);

/**
 * Runs work on a part; if the device has no memory for it, runs it again with half the rows per
 * run.
 *
 * @template T
 * @param {OpenPart} opened
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withinMemory(opened, work) {
  try {
    return await work();
  } catch (error) {
    if (!lacksDeviceMemory(error) || opened.rows < opened.part.rows || opened.rows < 2) throw error;
    opened.rows = Math.ceil(opened.rows / 2);
    rowsHalved = opened.rows;
    return work();
  }
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
 * Copies rows of a batch into memory that ONNX Runtime accepts: it does not accept shared memory.
 *
 * @param {RunRequest['input']} input
 * @param {number} start
 * @param {number} end
 * @param {Uint8Array} into
 */
function gather(input, start, end, into) {
  const rowBytes = into.byteLength / Math.max(1, end - start);
  if (input instanceof SharedArrayBuffer) into.set(new Uint8Array(input, start * rowBytes, into.byteLength));
  else
    for (let row = start; row < end; row++)
      into.set(memory.bytes(/** @type {number} */ (input[row])), (row - start) * rowBytes);
}

/**
 * Runs a batch through all parts, each in as many runs as its row limit requires. A run with fewer
 * rows than a part needs is padded with whatever an earlier run left behind; those results are
 * overwritten or not read.
 *
 * @param {OpenPart[]} opened
 * @param {Uint8Array | Float32Array} rows of one run of the first part
 * @param {Float32Array[]} made results of each part for a whole batch
 * @param {RunRequest} request
 */
async function run(opened, rows, made, request) {
  const bytes = new Uint8Array(rows.buffer);
  /** @type {Uint8Array | Float32Array} */
  let values = rows;
  for (const [index, each] of opened.entries()) {
    const { part, session, inputShape, outputShape } = each;
    const results = /** @type {Float32Array} */ (made[index]);
    const inputLength = elements(inputShape);
    const outputLength = elements(outputShape);
    const rowBytes = inputLength * rows.BYTES_PER_ELEMENT;
    for (let start = 0; start < request.rows; start += each.rows) {
      await withinMemory(each, async () => {
        const end = Math.min(start + each.rows, request.rows);
        const count = Math.max(end - start, minRows(each));
        if (index === 0) gather(request.input, start, end, bytes.subarray(0, (end - start) * rowBytes));
        const first = index === 0 ? 0 : start;
        const input = values.subarray(first * inputLength, (first + count) * inputLength);
        const output = results.subarray(start * outputLength, (start + count) * outputLength);
        const targets = { [part.output]: new ort.Tensor('float32', output, [count, ...outputShape]) };
        const inputs = { [part.input]: new ort.Tensor(part.inputType, input, [count, ...inputShape]) };
        freeCopies(await session.run(inputs, targets), targets);
      });
    }
    values = results;
  }
  new Float32Array(request.output).set(values.subarray(0, request.rows * plan.dimension));
}

/**
 * The time of a full batch on a device: the faster of two.
 *
 * @param {(request: RunRequest) => Promise<void>} runBatch
 * @param {number} rowBytes
 */
async function timeBatch(runBatch, rowBytes) {
  const input = new SharedArrayBuffer(plan.batch * rowBytes);
  const output = new SharedArrayBuffer(4 * plan.dimension * plan.batch);
  const into = new Uint8Array(input.byteLength).fill(1);
  const times = { run: Number.POSITIVE_INFINITY, copy: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < 2; attempt++) {
    await runBatch({ kind: 'run', rows: plan.batch, input, output });
    const started = performance.now();
    gather(input, 0, plan.batch, into);
    const copied = performance.now();
    await runBatch({ kind: 'run', rows: plan.batch, input, output });
    times.copy = Math.min(times.copy, copied - started);
    times.run = Math.min(times.run, performance.now() - copied);
  }
  return times;
}

try {
  const opened = await open();
  const first = /** @type {OpenPart} */ (opened[0]);
  const rowsLength = Math.max(Math.min(first.part.rows, plan.batch), minRows(first)) * elements(first.inputShape);
  const rows = first.part.inputType === 'uint8' ? new Uint8Array(rowsLength) : new Float32Array(rowsLength);
  const spare = Math.max(...opened.map(minRows)) - 1;
  const made = opened.map(({ outputShape }) => new Float32Array((plan.batch + spare) * elements(outputShape)));
  /** @param {RunRequest} request */
  const runBatch = (request) => run(opened, rows, made, request);
  /**
   * @param {Exclude<WorkerRequest, import('../../core/shared-memory.ts').MemoryMessage>} request
   */
  const handle = async (request) => {
    if (request.kind === 'close') {
      for (const { session } of opened) await session.release();
      // Without a port to wait for, the thread ends. Deno's cannot be closed.
      port.unref();
      return;
    }
    try {
      await runBatch(request);
      answer(rowsHalved === undefined ? { kind: 'done' } : { kind: 'done', rowsHalved });
      rowsHalved = undefined;
    } catch (error) {
      const code = lacksDeviceMemory(error) ? 'device-memory' : 'session';
      answer({ kind: 'failed', code, message: messageOf(error) });
    }
  };
  const rowBytes = elements(first.inputShape) * rows.BYTES_PER_ELEMENT;
  const times = place.device === 'cpu' ? undefined : await timeBatch(runBatch, rowBytes);
  // One after another: a request to close waits for the batch before it, and so does forgetting
  // memory.
  let last = Promise.resolve();
  port.on('message', (/** @type {WorkerRequest} */ request) => {
    last = last.then(() => {
      return memory.heeds(request) ? undefined : handle(request);
    });
  });
  answer({ kind: 'ready', times });
} catch (error) {
  const code = error instanceof ShapeError ? 'shape' : lacksDeviceMemory(error) ? 'device-memory' : 'session';
  answer({ kind: 'unusable', code, message: messageOf(error) });
  port.unref();
}
