import { checkInteger, checkOneOf } from '../../../core/check.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform } from '../../autodiff/initialisers.ts';
import { add } from '../../autodiff/operations/arithmetic.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { meanSquaredError } from '../../autodiff/operations/losses.ts';
import { type ActivationName, activationNames, activations } from './activations.ts';
import { checkLayers, checkShare } from './checks.ts';
import { defineHistoryRecommender } from './history-network.ts';
import { type Centre, centres, ratingAutoencoder } from './rating-autoencoder.ts';

/** Options of `deep-ae`; their defaults are `deepAe.defaults`. */
export interface DeepAeOptions {
  /** Units of the hidden layers; the middle one is the code. */
  readonly hidden?: readonly number[] | undefined;
  /** Activation of all hidden layers. */
  readonly activation?: ActivationName | undefined;
  /** Dropout of the code. */
  readonly dropout?: number | undefined;
  /** Share of the observed ratings that a step hides. */
  readonly noise?: number | undefined;
  /** How many times a step feeds its prediction back as a complete row. */
  readonly refeeding?: number | undefined;
  readonly centre?: Centre | undefined;
}

/**
 * The deep autoencoder of Kuchaiev and Ginsburg (2017): rows of users pass through hidden layers
 * with heavy dropout on the code. A step also trains on its own prediction, which the network
 * should reproduce when it is fed back as a row (dense re-feeding).
 */
export const deepAe = defineHistoryRecommender<DeepAeOptions, keyof DeepAeOptions>({
  name: 'deep-ae',
  predicts: 'ratings',
  inTime: false,
  training: { batchSize: 128, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 1e-5 },
  defaults: {
    ...{ hidden: [512, 512, 1024, 512, 512], activation: 'selu', dropout: 0.8, noise: 0, refeeding: 1 },
    centre: 'global',
  },
  network(options, space) {
    const hidden = checkLayers('hidden', options.hidden);
    const activation = activations[checkOneOf('activation', options.activation, activationNames)];
    const dropped = checkShare('dropout', options.dropout);
    const refeeding = checkInteger('refeeding', options.refeeding, 0);
    const code = Math.floor(hidden.length / 2);
    return ratingAutoencoder(
      {
        name: 'deep-ae',
        side: 'users',
        centre: checkOneOf('centre', options.centre, centres),
        noise: checkShare('noise', options.noise),
        units: (1 + refeeding) * hidden.reduce((sum, units) => sum + units, 0),
        layers: (tape, width) => {
          const sizes = [width, ...hidden, width];
          const weights = sizes.slice(1).map((units, layer) => ({
            kernel: tape.weight(`dense-${layer + 1}/kernel`, [sizes[layer] as number, units], glorotUniform),
            bias: tape.weight(`dense-${layer + 1}/bias`, [units], filled(0)),
          }));
          return (x) =>
            weights.reduce((below, { kernel, bias }, layer) => {
              const sums = dense(tape, below, kernel, bias);
              if (layer === hidden.length) return sums;
              const y = activation(tape, sums);
              return layer === code ? dropout(tape, y, dropped) : y;
            }, x);
        },
        also: (tape, apply, output) => {
          const { graph } = tape;
          let [shown, sum]: [Tensor, Tensor | undefined] = [output, undefined];
          for (let time = 0; time < refeeding; time++) {
            // The prediction is a constant here: no gradient flows back into it.
            const row = graph.emit('Identity', [shown], shown.shape);
            const again = apply(row);
            const error = meanSquaredError(tape, again, row);
            sum = sum ? add(tape, sum, error) : error;
            shown = again;
          }
          return sum;
        },
      },
      space,
    );
  },
});
