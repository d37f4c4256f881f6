import { networkEntry, networkNames } from './network-registry.ts';
import type { PublishedWeights } from './published-weights.ts';

/** Where the weights of a network are published, as its origin states it. */
export interface OfficialSource extends PublishedWeights {
  /** Name of the network, or of its post-processing: `vggish-pca`. */
  readonly network: string;
}

/**
 * The official source of each network's weights: the addresses in torchvision's own source and in
 * torchvggish's. They state eight digits of each file's SHA-256 but, in the versions used here, no
 * sizes.
 */
export const officialSources: readonly OfficialSource[] = networkNames.flatMap((network) => {
  const entry = networkEntry(network);
  const { name, weights } = (entry.reads === 'audio' && entry.postprocessing) || {};
  return [
    { network, ...entry.weights },
    ...(name === undefined || weights === undefined ? [] : [{ network: name, ...weights }]),
  ];
});

/** The official source of a network's weights, or undefined if there is none. */
export function officialSource(network: string): OfficialSource | undefined {
  return officialSources.find((source) => source.network === network);
}
