// @ts-check
// The joined inputs of the steps of one run. JavaScript, because a worker thread of Node 20 cannot
// load TypeScript.
import ort from 'onnxruntime-node';

/** @typedef {import('./step-loop.ts').SteppedInput} SteppedInput */

/**
 * The inputs of a loop over steps: the values of all steps one after another along the first axis,
 * and where those of each step begin and end.
 *
 * @param {readonly SteppedInput[]} inputs
 * @param {readonly Record<string, ort.Tensor>[]} steps inputs of each step
 * @returns {Record<string, ort.Tensor>}
 */
export function joined(inputs, steps) {
  /** @type {Record<string, ort.Tensor>} */
  const made = {
    'loop/steps': new ort.Tensor('int64', BigInt64Array.of(BigInt(steps.length)), []),
    'loop/true': new ort.Tensor('bool', Uint8Array.of(1), []),
  };
  for (const { input, axis } of inputs) {
    const parts = steps.map((step) => /** @type {ort.Tensor} */ (step[input]));
    const rows = parts.map(({ dims }) => /** @type {number} */ (dims[0]));
    const all = rows.reduce((sum, count) => sum + count, 0);
    const { type, dims } = /** @type {ort.Tensor} */ (parts[0]);
    const length = parts.reduce((sum, { size }) => sum + size, 0);
    const values = type === 'int32' ? new Int32Array(length) : new Float32Array(length);
    let at = 0;
    for (const { data, size } of parts) {
      values.set(/** @type {Float32Array} */ (data), at);
      at += size;
    }
    made[`all/${input}`] = new ort.Tensor(/** @type {'float32'} */ (type), /** @type {Float32Array} */ (values), [
      all,
      ...dims.slice(1),
    ]);
    if (made[`offsets/${axis}`] !== undefined) continue;
    const offsets = new BigInt64Array(steps.length + 1);
    for (const [index, count] of rows.entries()) {
      offsets[index + 1] = /** @type {bigint} */ (offsets[index]) + BigInt(count);
    }
    made[`offsets/${axis}`] = new ort.Tensor('int64', offsets, [offsets.length]);
  }
  return made;
}
