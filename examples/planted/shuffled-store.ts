import { ItemStore } from '../../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../../src/io/dataset/item-store-writer.ts';
import { PlantedDraws } from './draws.ts';

/**
 * Copies a training store with its link to the ratings cut: every item gets the vectors of another
 * one, drawn with the seed. Whatever a recommender gains from such features does not come from
 * content.
 *
 * @throws whatever `ItemStore.open` and `ItemStoreWriter` throw.
 */
export async function writeShuffledStore(from: string, to: string, seed: number): Promise<void> {
  const store = await ItemStore.open(from);
  try {
    const writer = await ItemStoreWriter.create(to, store.shape, { ...store.metadata, link: 'cut: shuffled' });
    try {
      const { itemIds } = store;
      const order = new PlantedDraws(seed, 'cut').shuffled(itemIds.length);
      // Each item gets the vectors of the next one in a random cycle, so that none keeps its own.
      for (const [place, item] of order.entries()) {
        const other = order[(place + 1) % order.length] as number;
        const { vectors } = await store.read(itemIds[other] as string);
        await writer.add({ itemId: itemIds[item] as string, vectors });
      }
      await writer.close();
    } finally {
      await writer.abort();
    }
  } finally {
    await store.close();
  }
}
