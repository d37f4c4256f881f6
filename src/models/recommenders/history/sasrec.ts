import { type AttentionOptions, attentionBlocks, attentionDefaults, attentionOf, attentionUnits } from './attention.ts';
import { defineHistoryRecommender } from './history-network.ts';
import { nextItems, sequenceNetwork } from './sequences.ts';

/**
 * SASRec (Kang and McAuley 2018): self-attention over the items so far, trained at each position on
 * the next item. The loss is cross-entropy over all items; the article draws one negative instead.
 */
export const sasRec = defineHistoryRecommender<AttentionOptions, keyof typeof attentionDefaults>({
  ...{ name: 'sasrec', predicts: 'scores', inTime: true },
  training: { batchSize: 64, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0 },
  defaults: attentionDefaults,
  network(options, space) {
    const attention = attentionOf(options);
    return sequenceNetwork(
      {
        ...{ name: 'sasrec', width: attention.width, asksBehind: false, atEnd: true, lesson: nextItems },
        units: attentionUnits(attention, options.length),
        states: (tape, read, length) => attentionBlocks(tape, read, length, attention, false),
      },
      options,
      space,
    );
  },
});
