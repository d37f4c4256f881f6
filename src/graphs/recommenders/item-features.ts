import { UsageError } from '../../core/errors.ts';
import { ItemStore } from '../../io/dataset/item-store.ts';
import { networksOf } from '../../io/dataset/random-streams.ts';
import type { FurtherItem } from './further-items.ts';
import { featuresOf } from './further-items.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { itemNumber } from './ranking.ts';

/**
 * The features of an item: one that the recommender knows or, if a store of features is given, one
 * that it need not know, such as an unreleased cut of a trailer.
 *
 * @throws UsageError `missing-item` or `unknown-item` when it does not exist, `missing-features`
 * when it has none, `features` when the store's features are not of the kind that the recommender
 * learnt from.
 */
export async function featuresOfItem(
  model: LoadedRecommender,
  id: string,
  store: string | undefined,
): Promise<FurtherItem> {
  const features = featuresOf(model);
  if (store === undefined) {
    const item = itemNumber(model.saved, id);
    return { id, vectors: await features.vectorsOf(item), variantOf: item };
  }
  const opened = await ItemStore.open(store);
  try {
    checkAlike(features.modalities, features.networks, opened);
    return { id, vectors: (await opened.read(id)).vectors };
  } finally {
    await opened.close();
  }
}

function checkAlike(
  modalities: readonly { readonly name: string; readonly dimension: number; readonly steps: number }[],
  networks: readonly unknown[],
  { shape, metadata, path }: ItemStore,
): void {
  const wanted = modalities.map(({ name, steps, dimension }) => `${name} ${steps} x ${dimension}`).join(', ');
  const there = shape.streams.map(({ name, dimension }) => `${name} ${shape.subclips} x ${dimension}`).join(', ');
  const remedy = 'Extract the item with the same options, and reduce it with the PCA that the training had (`pca`).';
  if (wanted !== there) {
    throw new UsageError(`${path} has ${there}, but the recommender was trained with ${wanted}`, {
      code: 'features',
      remedy,
    });
  }
  const [was, is] = [identities(networks), identities(networksOf(metadata))];
  if (was.length === 0 || is.length === 0 || was.join() === is.join()) return;
  throw new UsageError(
    `${path} was made by other networks, or another PCA, than those that the recommender was trained with`,
    {
      code: 'features',
      remedy,
    },
  );
}

/**
 * What determines the vectors of each network, as recorded in a store; a PCA is identified by its
 * hash.
 */
function identities(networks: readonly unknown[]): string[] {
  return networks
    .map((network) => {
      const { stream, cardHash, weightsHash, sha256 } = (network ?? {}) as Readonly<Record<string, unknown>>;
      return JSON.stringify({ stream, cardHash, weightsHash, sha256 });
    })
    .sort();
}
