import type { ItemStore } from '../../io/dataset/item-store.ts';
import { networksOf, randomStreams } from '../../io/dataset/random-streams.ts';

/** What is doubtful about features to learn from, in sentences. */
export function featureDoubts(store: ItemStore | undefined): string[] {
  if (store === undefined) return [];
  const names = store.shape.streams.map(({ name }) => name);
  const random = randomStreams(networksOf(store.metadata), names);
  return random.length === 0
    ? []
    : [`${random.join(' and ')} of the features: made with RANDOM WEIGHTS, so what is learnt from them means nothing`];
}
