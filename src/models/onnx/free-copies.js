// @ts-check
import { MessageChannel } from 'node:worker_threads';

/** @typedef {import('onnxruntime-node').Tensor} Tensor */

const closed = new MessageChannel();
closed.port1.close();
closed.port2.close();

/**
 * Frees the copies of a run's results at once. ONNX Runtime writes results where it is told to, and
 * then copies them into new buffers anyway. The copies are garbage, but in a thread that only
 * infers or trains the collector sees next to nothing else to collect, so tens of megabytes would
 * accumulate before it runs. What is transferred to a closed port leaves this thread and is freed.
 *
 * @param {Readonly<Record<string, Tensor>>} results what `session.run` returned
 * @param {Readonly<Record<string, Tensor>>} targets what it was told to write into
 */
export function freeCopies(results, targets) {
  for (const [name, target] of Object.entries(targets)) {
    const copy = /** @type {ArrayBufferView | undefined} */ (results[name]?.data);
    const own = /** @type {ArrayBufferView} */ (target.data);
    if (copy?.buffer instanceof ArrayBuffer && copy.buffer !== own.buffer)
      closed.port1.postMessage(null, [copy.buffer]);
  }
}
