/**
 * Numbers that a training by Adam holds for each weight at its peak. Seven stay: the value and its
 * next one, two moments, and of the best epoch the value and its moments. Six more are copies for a
 * checkpoint; the rest is the gradient, what a step makes of it, and what is not collected yet.
 * Measured: the peak of a process grows by 14 to 18 numbers a weight, with checkpoints by 19
 * (`bench/training-memory.ts`).
 */
const copiesOfWeights = 20;

/** Numbers of all weights of these shapes. */
export function weightCount(shapes: ReadonlyMap<string, readonly number[]>): number {
  let count = 0;
  for (const shape of shapes.values()) count += shape.reduce((product, size) => product * size, 1);
  return count;
}

/**
 * Bytes that a training holds, about.
 *
 * @param activations numbers that a step holds beside the weights.
 */
export function trainingBytes(weights: number, activations = 0): number {
  return 4 * (copiesOfWeights * weights + activations);
}
