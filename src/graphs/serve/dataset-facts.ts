import { readDatasetFile } from '../../io/dataset/dataset-file.ts';
import type { FeatureIndex } from './feature-index.ts';
import type { OpenServed } from './open-served.ts';

/** What is in the features that are served. */
export interface DatasetFacts {
  readonly streams: FeatureIndex['streams'];
  /** Streams that a network with random weights made: likeness in them means nothing. */
  readonly random: readonly string[];
  /** Names of the networks, and of a pca; of a dataset. */
  readonly networks?: readonly string[] | undefined;
  /** Items by their state; of a dataset. */
  readonly items?: Readonly<Record<string, number>> | undefined;
  /** Of items that failed, how many for each reason; of a dataset. */
  readonly codes?: Readonly<Record<string, number>> | undefined;
  /** Length of what is committed, s; of a dataset. */
  readonly seconds?: number | undefined;
  /** When an item was last changed, ISO 8601; of a dataset. */
  readonly changed?: string | undefined;
}

/** Facts of what is served; of a dataset as it is now. */
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
