// @ts-check
import { MessageChannel } from 'node:worker_threads';

/** @typedef {import('onnxruntime-node').Tensor} Tensor */

const closed = new MessageChannel();
closed.port1.close();
closed.port2.close();

/**
 * Frees the copies of a run's results at once. ONNX Runtime writes results where it is told to, and
 * then copies them into new buffers all the same. They are garbage, but the collector sees next to
 * nothing else to collect in a thread that only infers or trains, so tens of megabytes of them
 * would come together before it looks. What is sent to a closed port is moved out of this thread,
 * and dropped.
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
