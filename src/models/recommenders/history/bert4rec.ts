import { filled, uniformWithin } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { add } from '../../autodiff/operations/arithmetic.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { gelu } from '../../autodiff/operations/elementwise.ts';
import { layerNormalisation } from '../../autodiff/operations/layer-normalisation.ts';
import { type AttentionOptions, attentionBlocks, attentionDefaults, attentionOf, attentionUnits } from './attention.ts';
import { checkShare } from './checks.ts';
import { defineHistoryRecommender } from './history-network.ts';
import { sequenceInputs, sequenceNetwork } from './sequences.ts';

/** Options of `bert4rec`; their defaults are `bert4Rec.defaults`. */
export interface Bert4RecOptions extends AttentionOptions {
  /** Share of the items that a step masks. */
  readonly maskRatio?: number | undefined;
  /** Share of the histories in which a step masks only the last item. */
  readonly ftRatio?: number | undefined;
}

const defaults = { ...attentionDefaults, maskRatio: 0.2, ftRatio: 0.5 };

/**
 * BERT4Rec (Sun et al. 2019): self-attention over the items before and after, trained to find
 * masked items; the prediction is a masked item after the last one.
 */
export const bert4Rec = defineHistoryRecommender<Bert4RecOptions, keyof typeof defaults>({
  ...{ name: 'bert4rec', predicts: 'scores', inTime: true },
  training: { batchSize: 64, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0 },
  defaults,
  network(options, space) {
    const attention = attentionOf(options);
    const { width } = attention;
    const maskRatio = checkShare('maskRatio', options.maskRatio);
    const ftRatio = checkShare('ftRatio', options.ftRatio);
    return sequenceNetwork(
      {
        ...{ name: 'bert4rec', width, asksBehind: true, atEnd: true },
        units: attentionUnits(attention, options.length),
        states(tape, read, length) {
          const hidden = tape.graph.input(sequenceInputs.hidden, ['positions', 1]);
          const mask = tape.weight('mask', [1, width], uniformWithin(0.05));
          const seen = add(tape, read, dense(tape, hidden, mask));
          const states = attentionBlocks(tape, seen, length, attention, true);
          const gamma = tape.weight('output/gamma', [width], filled(1));
          const head = gelu(tape, denseLayer(tape, 'output', states, width));
          return layerNormalisation(tape, head, gamma, tape.weight('output/beta', [width], filled(0)));
        },
        lesson(items, { uniform }) {
          const last = items.length - 1;
          const onlyLast = uniform() < ftRatio;
          const drawn = [...items.keys()].filter(() => uniform() < maskRatio);
          const hidden = onlyLast || drawn.length === 0 || drawn.length === items.length ? [last] : drawn;
          return { items, hidden, asked: hidden, targets: hidden.map((place) => items[place] as number) };
        },
      },
      options,
      space,
    );
  },
});
