import type { ItemStore } from '../../io/dataset/item-store.ts';
import { networksOf, randomStreams } from '../../io/dataset/random-streams.ts';

/** What is doubtful about features to learn from, in sentences. */
export function featureDoubts(store: ItemStore | undefined): string[] {
  if (store === undefined) return [];
  return randomDoubts(networksOf(store.metadata), store.shape.streams);
}

/** The same of streams, by what a dataset or a training store notes of its networks. */
export function randomDoubts(networks: readonly unknown[], streams: readonly { readonly name: string }[]): string[] {
  const names = streams.map(({ name }) => name);
  const random = randomStreams(networks, names);
  return random.length === 0
    ? []
    : [`${random.join(' and ')} of the features: made with RANDOM WEIGHTS, so what is learnt from them means nothing`];
}
