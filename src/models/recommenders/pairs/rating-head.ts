import type { Tensor } from '../../autodiff/emitter.ts';
import { filled } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { affine } from '../../autodiff/operations/arithmetic.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { relu, sigmoid } from '../../autodiff/operations/elementwise.ts';
import { meanSquaredError } from '../../autodiff/operations/losses.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { ModuleOutputs } from '../../autodiff/training-plan.ts';
import { biasOf } from '../neural/branches.ts';
import type { PairSpace } from './pair-network.ts';

/** Names of the inputs of every network of pairs. */
export const pairInputs = {
  /** Numbers of users and items, int32 [pairs]. */
  users: 'pairs/users',
  items: 'pairs/items',
  /** float32 [pairs, 1]. */
  ratings: 'pairs/ratings',
} as const;

/** An int32 input of this axis, as the int64 that lookups take. */
export function numbers(tape: Tape, name: string, axis: string): Tensor {
  return tape.graph.cast(tape.graph.input(name, [axis], 'int32'), 'int64');
}

/**
 * sigmoid(x) stretched to the scale, with the mean squared error: with weights of 0 it is the mean
 * of the training ratings.
 *
 * @param x [pairs, 1], to which the bias `output/bias` is added.
 */
export function ratingOf(tape: Tape, x: Tensor, { training: { scale } }: PairSpace): ModuleOutputs {
  const rating = affine(tape, sigmoid(tape, x), scale.maximum - scale.minimum, scale.minimum);
  return { output: rating, loss: meanSquaredError(tape, rating, tape.graph.input(pairInputs.ratings, ['pairs', 1])) };
}

/** Dense layers with ReLU and dropout, and one to the rating: `dense-1`, ..., `output`. */
export function denseHead(
  tape: Tape,
  x: Tensor,
  widths: readonly number[],
  dropped: number,
  space: PairSpace,
): ModuleOutputs {
  const last = widths.reduce((input, units, index) => {
    return dropout(tape, relu(tape, denseLayer(tape, `dense-${index + 1}`, input, units)), dropped);
  }, x);
  return ratingOf(tape, denseLayer(tape, 'output', last, 1, firstBias(space)), space);
}

/** The bias with which an untrained network predicts the mean of the ratings. */
export function firstBias({ mean, training: { scale } }: PairSpace) {
  return filled(biasOf({ mean, scale }));
}
