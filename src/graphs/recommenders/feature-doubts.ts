import type { ItemStore } from '../../io/dataset/item-store.ts';
import { networksOf, randomStreams } from '../../io/dataset/random-streams.ts';

/** What looks doubtful about the features to learn from, in sentences. */
export function featureDoubts(store: ItemStore | undefined): string[] {
  if (store === undefined) return [];
  return randomDoubts(networksOf(store.metadata), store.shape.streams);
}

/** The same for streams, from what a dataset or a training store records about its networks. */
export function randomDoubts(networks: readonly unknown[], streams: readonly { readonly name: string }[]): string[] {
  const names = streams.map(({ name }) => name);
  const random = randomStreams(networks, names);
  return random.length === 0
    ? []
    : [
        `${random.join(' and ')} of the features: made with RANDOM WEIGHTS, so anything learnt from them is meaningless`,
      ];
}
