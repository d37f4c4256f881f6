import { readDatasetFile } from '../../io/dataset/dataset-file.ts';
import type { FeatureIndex } from './feature-index.ts';
import type { OpenServed } from './open-served.ts';

/** Facts about the features that are served. */
export interface DatasetFacts {
  readonly streams: FeatureIndex['streams'];
  /** Streams made by a network with random weights: similarity in them is meaningless. */
  readonly random: readonly string[];
  /** Names of the networks, and of a PCA; for a dataset. */
  readonly networks?: readonly string[] | undefined;
  /** Number of items by state; for a dataset. */
  readonly items?: Readonly<Record<string, number>> | undefined;
  /** Number of failed items by reason; for a dataset. */
  readonly codes?: Readonly<Record<string, number>> | undefined;
  /** Length of the committed items in seconds; for a dataset. */
  readonly seconds?: number | undefined;
  /** When an item last changed, in ISO 8601; for a dataset. */
  readonly changed?: string | undefined;
}

/** Facts about what is served; for a dataset, in its current state. */
export async function datasetFacts({ features, dataset }: OpenServed): Promise<DatasetFacts> {
  const { streams = [], random = [] } = features ?? {};
  if (dataset === undefined) return { streams, random };
  const { items, codes, seconds, changed } = await dataset.status();
  const names = readDatasetFile(dataset.directory).models.map(
    (network) => (network as { readonly name?: unknown } | null)?.name,
  );
  const networks = names.filter((name) => typeof name === 'string');
  return { streams, random, networks, items, codes, seconds, changed };
}
