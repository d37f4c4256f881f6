// @ts-check
// A child process that runs a network once to measure its peak memory, with nothing else running
// beside it. JavaScript, because Node 20 cannot load TypeScript.
import { readFileSync, writeFileSync } from 'node:fs';
import ort from 'onnxruntime-node';

/** @typedef {import('./measure-run.ts').RunRequest} RunRequest */
/** @typedef {import('./measure-run.ts').RunReply} RunReply */

/** @param {readonly number[]} shape */
const elements = (shape) => shape.reduce((product, size) => product * size, 1);

/**
 * Peak bytes of this process since `forgetPeak` or, if the system cannot reset the peak, since it
 * started, which is never less.
 */
function peakBytes() {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (found) return 1024 * Number(found[1]);
  } catch {
    // Not Linux.
  }
  return 1024 * process.resourceUsage().maxRSS;
}

function forgetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or not allowed: the peak since the start is used.
  }
}

/**
 * Peak bytes of the activations of one row, part by part, and the output shape.
 *
 * @param {RunRequest} request
 */
async function measure({ parts }) {
  /** @type {number[]} */
  const bytesPerRow = [];
  /** @type {readonly number[]} */
  let shape = parts[0]?.rowShape ?? [];
  for (const part of parts) {
    const session = await ort.InferenceSession.create(part.model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Freed memory is returned to the system, so the next run shows its own peak.
      enableCpuMemArena: false,
      enableMemPattern: false,
      logSeverityLevel: 4,
      extra: { session: { disable_prepacking: '1' } },
    });
    const rows = Math.max(part.minRows ?? 1, Math.min(2, part.rows));
    const size = rows * elements(shape);
    const values = part.inputType === 'uint8' ? new Uint8Array(size) : new Float32Array(size);
    for (let index = 0; index < size; index++) {
      const noise = (index * 2_654_435_761) % 256;
      values[index] = part.inputType === 'uint8' ? noise : noise / 255;
    }
    const feeds = { [part.input]: new ort.Tensor(part.inputType, values, [rows, ...shape]) };
    // The first run reads the weights into memory.
    const results = await session.run(feeds);
    const before = process.memoryUsage.rss();
    forgetPeak();
    await session.run(feeds);
    bytesPerRow.push(Math.max(0, peakBytes() - before) / rows);
    const result = results[part.output];
    if (result === undefined || result.type !== 'float32' || result.dims[0] !== rows) {
      const came = result ? `${result.type} [${result.dims}]` : 'nothing';
      throw new Error(
        `output '${part.output}' must be float32 with one row per input row, but is ${came} for ${rows} rows`,
      );
    }
    shape = result.dims.slice(1);
    await session.release();
  }
  return { bytesPerRow, shape };
}

process.once('message', async (/** @type {RunRequest} */ request) => {
  /** @type {RunReply} */
  let reply;
  try {
    reply = { kind: 'ran', ...(await measure(request)) };
  } catch (error) {
    reply = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(reply, () => process.exit());
});
