import { checkInteger, checkOneOf } from '../../../core/check.ts';
import { filled, glorotUniform } from '../../autodiff/initialisers.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { type ActivationName, activationNames, activations } from './activations.ts';
import { checkShare } from './checks.ts';
import { defineHistoryRecommender } from './history-network.ts';
import { type Centre, centres, ratingAutoencoder } from './rating-autoencoder.ts';

/** Options of `autorec`; their defaults are `autoRec.defaults`. */
export interface AutoRecOptions {
  /** Whether a row holds the ratings of an item or of a user. */
  readonly side?: 'item' | 'user' | undefined;
  /** Units of the hidden layer. */
  readonly hidden?: number | undefined;
  /** Activation of the hidden layer. */
  readonly activation?: ActivationName | undefined;
  /** Dropout of the hidden layer. */
  readonly dropout?: number | undefined;
  /** Share of the observed ratings that a step hides. */
  readonly noise?: number | undefined;
  readonly centre?: Centre | undefined;
}

/**
 * AutoRec (Sedhain et al. 2015): W g(V r + mu) + b, where r is the row of an item's (or a user's)
 * ratings with 0 for unrated entries; trained on the observed ratings.
 */
export const autoRec = defineHistoryRecommender<AutoRecOptions, keyof AutoRecOptions>({
  name: 'autorec',
  predicts: 'ratings',
  inTime: false,
  training: { batchSize: 128, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0.001 },
  defaults: { side: 'item', hidden: 500, activation: 'sigmoid', dropout: 0, noise: 0, centre: 'global' },
  network(options, space) {
    const hidden = checkInteger('hidden', options.hidden);
    const activation = activations[checkOneOf('activation', options.activation, activationNames)];
    const dropped = checkShare('dropout', options.dropout);
    const side = checkOneOf('side', options.side, ['item', 'user']);
    return ratingAutoencoder(
      {
        name: 'autorec',
        side: side === 'item' ? 'items' : 'users',
        centre: checkOneOf('centre', options.centre, centres),
        noise: checkShare('noise', options.noise),
        units: hidden,
        layers: (tape, width) => {
          const encoder = tape.weight('encoder/kernel', [width, hidden], glorotUniform);
          const encoderBias = tape.weight('encoder/bias', [hidden], filled(0));
          const decoder = tape.weight('decoder/kernel', [hidden, width], glorotUniform);
          const decoderBias = tape.weight('decoder/bias', [width], filled(0));
          return (x) => {
            const code = activation(tape, dense(tape, x, encoder, encoderBias));
            return dense(tape, dropout(tape, code, dropped), decoder, decoderBias);
          };
        },
      },
      space,
    );
  },
});
