// @ts-check
// A child process that tries a device: a crash of its driver ends this process only. JavaScript,
// because Node 20 cannot load TypeScript.
import ort from 'onnxruntime-node';

/** @typedef {import('./device.ts').ProbeRequest} ProbeRequest */
/** @typedef {import('./device.ts').ProbeReply} ProbeReply */

const runs = 3;

/**
 * @param {ProbeRequest} request
 * @param {'cpu' | 'cuda' | 'webgpu'} device
 */
async function compute({ model, input, shape, number }, device) {
  // Without falling back to the CPU, so that whatever the device cannot compute shows.
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [device === 'cuda' ? { name: device, deviceId: number } : device],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  let milliseconds = Number.POSITIVE_INFINITY;
  /** @type {Float32Array} */
  let values = new Float32Array();
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    const { output } = await session.run({ input: new ort.Tensor('float32', input, shape) });
    milliseconds = Math.min(milliseconds, performance.now() - started);
    values = /** @type {Float32Array} */ (output?.data);
  }
  return { values, milliseconds };
}

process.once('message', async (/** @type {ProbeRequest} */ request) => {
  /** @type {ProbeReply} */
  let reply;
  try {
    const expected = await compute(request, 'cpu');
    const found = await compute(request, request.device);
    const scale = expected.values.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
    const difference = expected.values.reduce(
      (greatest, value, index) => Math.max(greatest, Math.abs(value - (found.values[index] ?? Number.NaN))),
      0,
    );
    reply = {
      kind: 'ran',
      difference: difference / scale,
      milliseconds: found.milliseconds,
      cpuMilliseconds: expected.milliseconds,
    };
  } catch (error) {
    reply = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  // Drivers may hang or crash while they are unloaded: the reply has been sent, and this process is
  // no longer needed.
  process.send?.(reply, () => process.kill(process.pid, 'SIGKILL'));
});
