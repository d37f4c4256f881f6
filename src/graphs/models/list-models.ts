import { ModelError } from '../../core/errors.ts';
import { type StoredModel, storedModel } from '../../io/model-store/model-store.ts';
import type { ModelCard } from '../../models/networks/card.ts';
import { namedNetwork, networkNames } from '../../models/networks/registry.ts';
import { postprocessingName } from './weight-names.ts';

/** The weights of one name in the store. */
export interface ListedWeights {
  readonly name: string;
  readonly weights: StoredModel | undefined;
  /** Why stored weights cannot be used. */
  readonly problem?: string;
}

/** A network known by name, and its stored weights. */
export interface ListedNetwork extends ListedWeights {
  readonly description: string;
  readonly card: ModelCard;
}

/**
 * The networks known by name with their stored weights, and the stored parameters of VGGish's post-processing.
 *
 * @example
 * listModels().networks.filter(({ weights }) => weights !== undefined);
 */
export function listModels(directory?: string): {
  readonly networks: readonly ListedNetwork[];
  readonly postprocessing: ListedWeights;
} {
  const networks = networkNames.flatMap((name) => {
    const network = namedNetwork(name);
    return network ? [{ ...weightsOf(name, directory), description: network.description, card: network.card }] : [];
  });
  return { networks, postprocessing: weightsOf(postprocessingName, directory) };
}

function weightsOf(name: string, directory: string | undefined): ListedWeights {
  try {
    return { name, weights: storedModel(name, directory) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { name, weights: undefined, problem: error.message };
  }
}
