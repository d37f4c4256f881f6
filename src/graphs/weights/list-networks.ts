import { ModelError } from '../../core/errors.ts';
import { type StoredWeights, storedWeights } from '../../io/weights-store/weights-store.ts';
import type { NetworkCard } from '../../models/networks/card.ts';
import {
  type NetworkName,
  namedNetwork,
  networkNames,
  postprocessedNetworks,
  postprocessingOf,
} from '../../models/networks/network-registry.ts';

/** The weights of one name in the store. */
export interface ListedWeights {
  readonly name: string;
  readonly weights: StoredWeights | undefined;
  /** Why stored weights cannot be used. */
  readonly problem?: string | undefined;
}

/** A network known by name, and its stored weights. */
export interface ListedNetwork extends ListedWeights {
  readonly description: string;
  readonly card: NetworkCard;
}

/** The post-processing of a network, and its stored parameters. */
export interface ListedPostprocessing extends ListedWeights {
  readonly network: NetworkName;
}

/**
 * The networks known by name with their stored weights, and the stored parameters of
 * post-processing.
 *
 * @example
 * listNetworks().networks.filter(({ weights }) => weights !== undefined);
 */
export function listNetworks(directory?: string): {
  readonly networks: readonly ListedNetwork[];
  readonly postprocessing: readonly ListedPostprocessing[];
} {
  const networks = networkNames.flatMap((name) => {
    const network = namedNetwork(name);
    return network ? [{ ...weightsOf(name, directory), description: network.description, card: network.card }] : [];
  });
  const postprocessing = postprocessedNetworks.flatMap((network) => {
    const name = postprocessingOf(network)?.name;
    return name === undefined ? [] : [{ ...weightsOf(name, directory), network }];
  });
  return { networks, postprocessing };
}

function weightsOf(name: string, directory: string | undefined): ListedWeights {
  try {
    return { name, weights: storedWeights(name, directory) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { name, weights: undefined, problem: error.message };
  }
}
