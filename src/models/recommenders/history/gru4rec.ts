import { checkInteger } from '../../../core/check.ts';
import { filled, glorotUniform, orthogonal } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { gru } from '../../autodiff/operations/gru.ts';
import { timeMajor } from '../../autodiff/operations/sequence.ts';
import { reshape } from '../../autodiff/operations/shapes.ts';
import { checkShare } from './checks.ts';
import type { HistoryDefinition } from './history-network.ts';
import { nextItems, type SequenceOptions, sequenceNetwork } from './sequences.ts';

/** Options of `gru4rec`. */
export interface Gru4RecOptions extends SequenceOptions {
  /** Units of the recurrent layer, default 128. */
  readonly hidden?: number | undefined;
  /** Share of the values of items dropped before the layer, default 0.3. */
  readonly dropout?: number | undefined;
}

/**
 * GRU4Rec (Hidasi et al. 2016) with the cross-entropy over all items: a recurrent layer follows the
 * items, a dense one leads back to the width of their vectors.
 */
export const gru4Rec: HistoryDefinition<Gru4RecOptions> = {
  ...{ name: 'gru4rec', predicts: 'scores', inTime: true },
  training: { batchSize: 64, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0 },
  network(options, space) {
    const width = checkInteger('width', options.width ?? 64);
    const hidden = checkInteger('hidden', options.hidden ?? 128);
    const dropped = checkShare('dropout', options.dropout ?? 0.3);
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
};
