/**
 * Numbers that a training by Adam holds for each weight at its peak. Seven stay: the value and its
 * next one, two moments, and of the best epoch the value and its moments. The rest is the gradient,
 * what a step makes of it, and what is not collected yet: `bench/training-memory.ts` finds 8 to 18
 * in all, as the growth of the peak of a process with the number of weights.
 */
const copiesOfWeights = 18;
/** More of them where there are checkpoints: what stays is copied to be written. */
const copiesForCheckpoints = 7;
/** More of them in a private training: sums of gradients, one unit's own, and the noise. */
const copiesForPrivacy = 8;

/** Numbers of all weights of these shapes. */
export function weightCount(shapes: ReadonlyMap<string, readonly number[]>): number {
  let count = 0;
  for (const shape of shapes.values()) count += shape.reduce((product, size) => product * size, 1);
  return count;
}

/** Bytes that a training holds, about: its weights, and what a step holds beside them. */
export function trainingBytes(
  weights: number,
  {
    activations = 0,
    checkpoints = false,
    isPrivate = false,
  }: {
    readonly activations?: number | undefined;
    readonly checkpoints?: boolean | undefined;
    readonly isPrivate?: boolean | undefined;
  } = {},
): number {
  const copies = copiesOfWeights + (checkpoints ? copiesForCheckpoints : 0) + (isPrivate ? copiesForPrivacy : 0);
  return 4 * (copies * weights + activations);
}
