import { UsageError } from '../../core/errors.ts';
import type { Resolved } from '../../core/given.ts';
import type { Uniform } from '../autodiff/initialisers.ts';
import type { TrainerOptions } from '../autodiff/trainer-options.ts';

/** How a recommender made from a definition is trained. */
export interface DefinedOptions extends Omit<TrainerOptions, 'initialWeights' | 'gradientPrivacy'> {
  /** Histories, or ratings, per step. */
  readonly batchSize?: number | undefined;
  /** Memory limit of training, in bytes. Default 2 GiB. */
  readonly memory?: number | undefined;
}

/** How it is trained by default. */
export interface TrainingDefaults
  extends Resolved<Pick<TrainerOptions, 'epochs' | 'patience' | 'patienceSteps' | 'learningRate' | 'l2'>> {
  /** Histories, or ratings, per step. */
  readonly batchSize: number;
}

/** Random numbers for a training step. */
export interface StepDraws {
  /** Random numbers that depend only on the seed and the place in the training. */
  readonly uniform: Uniform;
  /** Number of steps before this one, over all epochs. */
  readonly step: number;
}

/** The memory that a training takes. */
export interface HeldInTraining {
  readonly weights: number;
  /** Number of values that a step holds in addition to the weights. */
  readonly activations: number;
  /** Approximate bytes of both. */
  readonly bytes: number;
}

/** What training on some ratings takes, as far as it can be known in advance. */
export interface TrainingCost extends HeldInTraining {
  readonly stepsPerEpoch: number;
}

/** Asserts that a training fits into its memory. @throws UsageError `memory-too-small`. */
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
