import type { Tensor } from '../../autodiff/emitter.ts';
import { filled } from '../../autodiff/initialisers.ts';
import { denseLayer, embeddingLayer, lstmLayer, normalisationLayer } from '../../autodiff/layers.ts';
import { affine, scale } from '../../autodiff/operations/arithmetic.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { relu, sigmoid } from '../../autodiff/operations/elementwise.ts';
import { timeMajor } from '../../autodiff/operations/sequence.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { ModuleOutputs } from '../../autodiff/training-plan.ts';
import type { NeuralArchitecture } from './architectures.ts';
import { inputNames } from './input-names.ts';
import { judged } from './rating-loss.ts';

/** Numbers of users and items, and the rating scale, that a neural recommender is built for. */
export interface RatingSpace {
  readonly userCount: number;
  readonly itemCount: number;
  readonly scale: { readonly minimum: number; readonly maximum: number };
  /**
   * Mean of the training ratings, at which the output starts. Default: the middle of the scale.
   */
  readonly mean?: number | undefined;
}

/** The users' embedding `name`: [batch, embedding]. */
export function userEmbedding(tape: Tape, name: string, space: RatingSpace, { embedding }: NeuralArchitecture): Tensor {
  return embeddingLayer(tape, name, inputNames.users, [space.userCount, embedding]);
}

/** The items' embedding `name`: [batch, embedding]. */
export function itemEmbedding(tape: Tape, name: string, space: RatingSpace, { embedding }: NeuralArchitecture): Tensor {
  return embeddingLayer(tape, name, inputNames.items, [space.itemCount, embedding]);
}

/** The index of each rating's item among the unique items: int64 [batch]. */
export function itemPlaces(tape: Tape): Tensor {
  return tape.index(inputNames.itemPlaces);
}

/** Dense layers with ReLU and dropout: `name/dense-1`, `name/dense-2`, ... */
export function denseStack(
  tape: Tape,
  name: string,
  x: Tensor,
  widths: readonly number[],
  { dropout: rate, batchNormalisation }: NeuralArchitecture,
): Tensor {
  return widths.reduce((input, units, index) => {
    const layer = `${name}/dense-${index + 1}`;
    const sums = denseLayer(tape, layer, input, units);
    const normal = batchNormalisation ? normalisationLayer(tape, `${layer}/normalisation`, sums) : sums;
    return dropout(tape, relu(tape, normal), rate);
  }, x);
}

/**
 * Output of the recurrent layers for each unique item, all modalities side by side: [unique, sum of
 * last units].
 */
export function itemContent(tape: Tape, { modalities }: NeuralArchitecture): Tensor {
  const summaries = modalities.map(({ name, steps, dimension, lstm }) => {
    const features = tape.graph.input(inputNames.features(name), ['unique', steps, dimension]);
    return lstm.reduce(
      (sequence, units, index) =>
        lstmLayer(
          tape,
          `content/${name}/lstm-${index + 1}`,
          sequence,
          units,
          index === lstm.length - 1 ? 'last' : 'sequence',
        ),
      timeMajor(tape, features),
    );
  });
  return concat(tape, summaries);
}

/** The branches concatenated, the audiovisual one multiplied by beta. */
export function joinBranches(tape: Tape, collaborative: Tensor, content: Tensor, { beta }: NeuralArchitecture): Tensor {
  const weighted =
    beta === 'learnt' ? scale(tape, content, tape.weight('joint/beta', [1], filled(1))) : affine(tape, content, beta);
  return concat(tape, [collaborative, weighted]);
}

/**
 * The x whose sigmoid, stretched to the scale, is the mean, which an untrained neural recommender
 * therefore predicts.
 */
export function biasOf({ mean, scale: { minimum, maximum } }: Pick<RatingSpace, 'mean' | 'scale'>): number {
  const share = mean === undefined ? 0.5 : (mean - minimum) / (maximum - minimum);
  const inside = Math.min(0.99, Math.max(0.01, share));
  return Math.log(inside / (1 - inside));
}

/**
 * One number x per rating from a dense layer, and its loss. With `mse` the rating is sigmoid(x)
 * (maximum - minimum) + minimum, and the layer's bias starts where that is the mean of the training
 * ratings; with the other losses x is a score that starts at the mean itself.
 */
export function ratingOutput(
  tape: Tape,
  x: Tensor,
  space: RatingSpace,
  { ratingLoss }: NeuralArchitecture,
): ModuleOutputs {
  const { minimum, maximum } = space.scale;
  if (ratingLoss.loss !== 'mse') {
    const score = denseLayer(tape, 'output', x, 1, filled(space.mean ?? (minimum + maximum) / 2));
    return judged(tape, 'output', score, space.scale, ratingLoss);
  }
  const sums = denseLayer(tape, 'output', x, 1, filled(biasOf(space)));
  const rating = affine(tape, sigmoid(tape, sums), maximum - minimum, minimum);
  return judged(tape, 'output', rating, space.scale, ratingLoss);
}
