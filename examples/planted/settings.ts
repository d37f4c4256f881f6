import type { ModelSettings } from '../../src/graphs/experiment/experiment-config.ts';

/**
 * Small networks for small corpora. The branches join at once (`join: 0`): where each has layers of its own, the item embeddings, which explain the
 * training ratings faster, can keep `dcf-av-1` from looking at the content.
 */
export function plantedSettings(join = 0): ModelSettings {
  const network = {
    ...{ embedding: 8, join, dropout: 0, batch: 64, epochs: 60, patience: 12 },
    ...{ learningRate: 0.005, plateau: { factor: 0.5, patience: 5 } },
  };
  const { join: _join, ...ratingsOnly } = network;
  const audiovisual = { ...network, lstm: [16] };
  return {
    deepcf: ratingsOnly,
    'dcf-av-1': audiovisual,
    'dcf-av-2': audiovisual,
    'lstm-av': audiovisual,
  };
}
