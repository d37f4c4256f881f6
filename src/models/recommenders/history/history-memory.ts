import { UsageError } from '../../../core/errors.ts';

/** The memory that a training takes. */
export interface HeldInTraining {
  readonly weights: number;
  /** Numbers that a step holds beside the weights. */
  readonly activations: number;
  /** Bytes of both, about. */
  readonly bytes: number;
}

/** What a training over some ratings takes, as far as it can be known before it begins. */
export interface HistoryCost extends HeldInTraining {
  readonly stepsPerEpoch: number;
}

/** Asserts that a training fits. @throws UsageError `memory-too-small`. */
export function checkTrainingMemory(
  name: string,
  { weights, activations, bytes }: HeldInTraining,
  memory: number,
): void {
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
