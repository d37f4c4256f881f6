import { checkInteger, checkOneOf } from '../../../core/check.ts';
import { filled, glorotUniform } from '../../autodiff/initialisers.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { type ActivationName, activationNames, activations } from './activations.ts';
import { checkShare } from './checks.ts';
import type { HistoryDefinition } from './history-network.ts';
import { type Centre, centres, ratingAutoencoder } from './rating-autoencoder.ts';

/** Options of `autorec`. */
export interface AutoRecOptions {
  /** Whose ratings are a row; default `item`. */
  readonly side?: 'item' | 'user' | undefined;
  /** Units of the hidden layer, default 500. */
  readonly hidden?: number | undefined;
  /** Of the hidden layer, default `sigmoid`. */
  readonly activation?: ActivationName | undefined;
  /** Share of the hidden units dropped, default 0. */
  readonly dropout?: number | undefined;
  /** Share of the observed ratings that a step does not show, default 0. */
  readonly noise?: number | undefined;
  /** Default `global`. */
  readonly centre?: Centre | undefined;
}

/**
 * AutoRec (Sedhain et al. 2015): W g(V r + mu) + b of the row r of an item's (or a user's) ratings,
 * in which what is not rated is 0, learnt from the ratings that there are.
 */
export const autoRec: HistoryDefinition<AutoRecOptions> = {
  name: 'autorec',
  predicts: 'ratings',
  inTime: false,
  training: { batchSize: 128, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0.001 },
  network(options, space) {
    const hidden = checkInteger('hidden', options.hidden ?? 500);
    const activation = activations[checkOneOf('activation', options.activation ?? 'sigmoid', activationNames)];
    const dropped = checkShare('dropout', options.dropout ?? 0);
    const side = checkOneOf('side', options.side ?? 'item', ['item', 'user']);
    return ratingAutoencoder(
      {
        name: 'autorec',
        side: side === 'item' ? 'items' : 'users',
        centre: checkOneOf('centre', options.centre ?? 'global', centres),
        noise: checkShare('noise', options.noise ?? 0),
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
};
