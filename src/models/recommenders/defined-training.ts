import { UsageError } from '../../core/errors.ts';
import type { Resolved } from '../../core/given.ts';
import type { Uniform } from '../autodiff/initialisers.ts';
import type { TrainerOptions } from '../autodiff/trainer-options.ts';

/** How a recommender that is made from a definition is trained. */
export interface DefinedOptions extends Omit<TrainerOptions, 'initialWeights' | 'privateSteps'> {
  /** Histories, or ratings, per step. */
  readonly batchSize?: number | undefined;
  /** Limit in bytes of what training takes. Default 2 GiB. */
  readonly memory?: number | undefined;
}

/** How it is trained unless told otherwise. */
export interface TrainingDefaults
  extends Resolved<Pick<TrainerOptions, 'epochs' | 'patience' | 'patienceSteps' | 'learningRate' | 'l2'>> {
  /** Histories, or ratings, per step. */
  readonly batchSize: number;
}

/** Random numbers of a training step. */
export interface StepDraws {
  /** Random numbers that depend on the seed and the place in training only. */
  readonly uniform: Uniform;
  /** Steps of all epochs before this one. */
  readonly step: number;
}

/** The memory that a training takes. */
export interface HeldInTraining {
  readonly weights: number;
  /** Number of values that a step holds beside the weights. */
  readonly activations: number;
  /** Approximate bytes of both. */
  readonly bytes: number;
}

/** What a training over some ratings takes, as far as it can be known before it begins. */
export interface TrainingCost extends HeldInTraining {
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
