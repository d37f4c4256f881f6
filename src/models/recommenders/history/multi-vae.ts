import { checkInteger, checkPositive } from '../../../core/check.ts';
import { likedAboveOf } from '../../../core/rating-scale.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { add, affine } from '../../autodiff/operations/arithmetic.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { multinomialLoss, normalDivergence } from '../../autodiff/operations/cross-entropy.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { exponential, tanh } from '../../autodiff/operations/elementwise.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainingDefaults } from '../defined-training.ts';
import { normalNumbers } from '../normal-draws.ts';
import { checkLayers, checkShare } from './checks.ts';
import { defineHistoryRecommender, type Filled, type HistoryNetwork, type HistorySpace } from './history-network.ts';
import { matrixRows } from './matrix-rows.ts';

/** Options of `multi-dae`; their defaults are `multiDae.defaults`. */
export interface MultiDaeOptions {
  /** Units of the layers between the items and the latent one; mirrored behind it. */
  readonly hidden?: readonly number[] | undefined;
  /** Units of the latent layer. */
  readonly latent?: number | undefined;
  /** Share of a user's choices that a step hides. */
  readonly dropout?: number | undefined;
  /** Ratings above this count as choices. Default: two thirds up the scale. */
  readonly likedAbove?: number | undefined;
}

/** Options of `multi-vae`; their defaults are `multiVae.defaults`. */
export interface MultiVaeOptions extends MultiDaeOptions {
  /** Maximum weight of the divergence. */
  readonly annealCap?: number | undefined;
  /** Number of steps, over all epochs, after which the weight would be 1. */
  readonly totalAnnealSteps?: number | undefined;
}

const training: TrainingDefaults = {
  batchSize: 500,
  epochs: 200,
  patience: 20,
  patienceSteps: 200,
  learningRate: 0.001,
  l2: 0,
};

const multiDaeDefaults = { hidden: [600], latent: 200, dropout: 0.5 };

/**
 * The denoising autoencoder of Liang et al. (2018): a user's choices, as a row of unit length of
 * which half is dropped, pass through tanh layers to scores whose softmax should reproduce all of
 * them.
 */
export const multiDae = defineHistoryRecommender<MultiDaeOptions, Exclude<keyof MultiDaeOptions, 'likedAbove'>>({
  ...{ name: 'multi-dae', predicts: 'scores', inTime: false, training },
  defaults: multiDaeDefaults,
  network: (options, space) => multinomialAutoencoder('multi-dae', options, undefined, space),
});

/**
 * The variational autoencoder of Liang et al. (2018): like `multi-dae`, but the latent layer is
 * drawn from a normal distribution, whose divergence from the standard one is added to the loss.
 * The weight of the divergence grows with the steps up to `annealCap` and is not reset between
 * epochs. Predictions use the mean.
 */
export const multiVae = defineHistoryRecommender<MultiVaeOptions, Exclude<keyof MultiVaeOptions, 'likedAbove'>>({
  ...{ name: 'multi-vae', predicts: 'scores', inTime: false, training },
  defaults: { ...multiDaeDefaults, annealCap: 0.2, totalAnnealSteps: 200_000 },
  network(options, space) {
    const cap = checkPositive('annealCap', options.annealCap, { zero: true });
    const steps = checkInteger('totalAnnealSteps', options.totalAnnealSteps);
    return multinomialAutoencoder('multi-vae', options, (step) => Math.min(cap, step / steps), space);
  },
});

function multinomialAutoencoder(
  name: string,
  options: Filled<MultiDaeOptions, keyof typeof multiDaeDefaults>,
  divergenceAt: ((step: number) => number) | undefined,
  space: HistorySpace,
): HistoryNetwork {
  const hidden = checkLayers('hidden', options.hidden);
  const latent = checkInteger('latent', options.latent);
  const dropped = checkShare('dropout', options.dropout);
  const above = options.likedAbove ?? likedAboveOf(space.scale);
  const width = space.itemCount;
  const isChosen = (rating: number): boolean => rating > above;
  const chosen = (rating: number): number => (isChosen(rating) ? 1 : 0);
  return {
    side: 'users',
    module: {
      name,
      build(tape) {
        const rows = tape.graph.input('rows/chosen', ['batch', width]);
        let x = dropout(tape, unitLength(tape, rows), dropped);
        for (const [layer, units] of hidden.entries())
          x = tanh(tape, denseLayer(tape, `encoder/dense-${layer + 1}`, x, units));
        const { code, penalty } = latentOf(tape, x, latent, divergenceAt !== undefined);
        let y = code;
        for (const [layer, units] of [...hidden].reverse().entries())
          y = tanh(tape, denseLayer(tape, `decoder/dense-${layer + 1}`, y, units));
        const output = denseLayer(tape, 'output', y, width);
        return { output, loss: multinomialLoss(tape, output, rows), penalty };
      },
    },
    facts: new Map(),
    described: undefined,
    ...{ shortest: 1, listLength: 100, isChosen },
    activations: (histories) => histories * (8 * width + 12 * hidden.reduce((sum, units) => sum + units, latent)),
    learnt(histories, { uniform, step }, buffers) {
      const rows = { 'rows/chosen': matrixRows(histories, width, buffers, chosen) };
      if (divergenceAt === undefined) return rows;
      const noise = normalNumbers(buffers.reals(histories.length * latent), uniform);
      return {
        ...rows,
        'latent/noise': { data: noise, shape: [histories.length, latent] },
        'latent/divergence': { data: buffers.reals(1).fill(divergenceAt(step)), shape: [1] },
      };
    },
    asked: (histories, buffers) => ({ 'rows/chosen': matrixRows(histories, width, buffers, chosen) }),
  };
}

/** Each row divided by its length; rows of zeros are unchanged. */
function unitLength(tape: Tape, rows: Tensor): Tensor {
  const { graph } = tape;
  const column = rows.shape.with(1, 1);
  const length = graph.emit('ReduceL2', [rows], column, { axes: [1], keepdims: 1 });
  return graph.divide(rows, graph.emit('Max', [length, graph.real(1)], column));
}

function latentOf(
  tape: Tape,
  x: Tensor,
  latent: number,
  isDrawn: boolean,
): { readonly code: Tensor; readonly penalty?: Tensor | undefined } {
  if (!isDrawn) return { code: tanh(tape, denseLayer(tape, 'latent', x, latent)) };
  const mean = denseLayer(tape, 'latent/mean', x, latent);
  const width = x.shape[1] as number;
  const kernel = tape.weight('latent/log-variance/kernel', [width, latent], glorotUniform);
  const bias = tape.weight('latent/log-variance/bias', [latent], filled(0));
  if (!tape.training) return { code: mean };
  const logVariance = dense(tape, x, kernel, bias);
  const deviation = exponential(tape, affine(tape, logVariance, 0.5));
  const noise = tape.graph.input('latent/noise', ['batch', latent]);
  const code = add(tape, mean, timesConstant(tape, deviation, noise));
  return { code, penalty: normalDivergence(tape, mean, logVariance, tape.graph.input('latent/divergence', [1])) };
}
