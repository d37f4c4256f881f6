import { type AttentionOptions, attentionBlocks, attentionOf, attentionUnits } from './attention.ts';
import type { HistoryDefinition } from './history-network.ts';
import { nextItems, sequenceNetwork } from './sequences.ts';

/**
 * SASRec (Kang and McAuley 2018): self-attention over the items so far, learnt at each place by the
 * item that comes next, with the cross-entropy over all items where the article draws one negative.
 */
export const sasRec: HistoryDefinition<AttentionOptions> = {
  ...{ name: 'sasrec', predicts: 'scores', inTime: true },
  training: { batchSize: 64, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0 },
  network(options, space) {
    const attention = attentionOf(options, 0.2);
    return sequenceNetwork(
      {
        ...{ name: 'sasrec', width: attention.width, asksBehind: false, atEnd: true, lesson: nextItems },
        units: attentionUnits(attention, options.length ?? 50),
        states: (tape, read, length) => attentionBlocks(tape, read, length, attention, false),
      },
      options,
      space,
    );
  },
};
