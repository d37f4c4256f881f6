import { UsageError } from '../../../core/errors.ts';

/** Of each weight: its values, those of the next step, two moments of Adam and theirs, the best. */
const copiesOfWeights = 7;

/**
 * Asserts that a training fits: its weights, and what a step holds beside them.
 *
 * @param shapes of the weights by name.
 * @param activations numbers that a step holds.
 * @throws UsageError `memory-too-small`.
 */
export function checkHistoryMemory(
  name: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  activations: number,
  memory: number,
): void {
  let weights = 0;
  for (const shape of shapes.values()) weights += shape.reduce((product, size) => product * size, 1);
  const bytes = 4 * (copiesOfWeights * weights + activations);
  if (bytes <= memory) return;
  throw new UsageError(
    `${name} needs ${mebibytes(bytes)} to train ${weights} weights in steps that hold ${activations} numbers, more than ${mebibytes(memory)}`,
    {
      code: 'memory-too-small',
      option: 'memory',
      remedy: `Give \`memory: '${mebibytes(bytes).replace(' ', '')}'\` to the recommender, lower \`batch\`, or leave out users or items with few ratings.`,
    },
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
