import { checkInteger } from '../../../core/check.ts';
import { filled, glorotUniform, orthogonal } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { gru } from '../../autodiff/operations/gru.ts';
import { timeMajor } from '../../autodiff/operations/sequence.ts';
import { reshape } from '../../autodiff/operations/shapes.ts';
import { checkShare } from './checks.ts';
import { defineHistoryRecommender } from './history-network.ts';
import { nextItems, type SequenceOptions, sequenceDefaults, sequenceNetwork } from './sequences.ts';

/** Options of `gru4rec`; their defaults are `gru4Rec.defaults`. */
export interface Gru4RecOptions extends SequenceOptions {
  /** Units of the recurrent layer. */
  readonly hidden?: number | undefined;
  /** Dropout of the item vectors before that layer. */
  readonly dropout?: number | undefined;
}

const defaults = { ...sequenceDefaults, hidden: 128, dropout: 0.3 };

/**
 * GRU4Rec (Hidasi et al. 2016) with cross-entropy over all items: a recurrent layer reads the
 * items, and a dense layer projects its state to the width of their vectors.
 */
export const gru4Rec = defineHistoryRecommender<Gru4RecOptions, keyof typeof defaults>({
  ...{ name: 'gru4rec', predicts: 'scores', inTime: true },
  training: { batchSize: 64, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0 },
  defaults,
  network(options, space) {
    const width = checkInteger('width', options.width);
    const hidden = checkInteger('hidden', options.hidden);
    const dropped = checkShare('dropout', options.dropout);
    return sequenceNetwork(
      {
        ...{
          name: 'gru4rec',
          width,
          units: 8 * hidden + 4 * width,
          asksBehind: false,
          atEnd: false,
          lesson: nextItems,
        },
        states(tape, read, length) {
          const sequences = reshape(tape, dropout(tape, read, dropped), ['histories', length, width]);
          const states = gru(tape, timeMajor(tape, sequences), {
            kernel: tape.weight('gru/kernel', [width, 3 * hidden], glorotUniform),
            recurrent: tape.weight('gru/recurrent', [hidden, 3 * hidden], orthogonal),
            bias: tape.weight('gru/bias', [3 * hidden], filled(0)),
            candidateBias: tape.weight('gru/candidate-bias', [hidden], filled(0)),
          });
          return denseLayer(tape, 'output', reshape(tape, timeMajor(tape, states), ['positions', hidden]), width);
        },
      },
      options,
      space,
    );
  },
});
