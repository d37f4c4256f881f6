import { UsageError } from '../errors.ts';
import { type NetworkPlan, network } from '../models/networks/network.ts';
import { networkNames } from '../models/networks/registry.ts';

/** How networks are named. */
export interface NetworkChoice {
  /** A network's name, a model card's path, or `none`. Default `alexnet`. */
  readonly visual?: string;
  /** A network's name, a model card's path, or `none`. Default `vggish`. */
  readonly audio?: string;
  /** Weights of named networks: `random:SEED`. Default `random:1`; the run says that they are random. */
  readonly weights?: string;
}

/** The networks that a pair of names or cards stands for. */
export interface ChosenNetworks {
  readonly visual: NetworkPlan | undefined;
  readonly audio: NetworkPlan | undefined;
}

/**
 * Resolves `visual` and `audio` to networks.
 *
 * @throws UsageError when a network has the wrong modality; ModelError when a card or weights do not fit.
 */
export function chooseNetworks(options: NetworkChoice): ChosenNetworks {
  const choose = (name: string, modality: 'visual' | 'audio'): NetworkPlan | undefined => {
    if (name === 'none') return undefined;
    const plan = network(name, { weights: options.weights ?? 'random:1' });
    if (plan.card.modality !== modality) {
      throw new UsageError(
        `\`${modality}\` must be a network for ${modality}, but '${name}' is one for ${plan.card.modality}`,
      );
    }
    return plan;
  };
  const [visual, audio] = [options.visual ?? 'alexnet', options.audio ?? 'vggish'];
  const isNamed = (name: string) => (networkNames as readonly string[]).includes(name);
  if (options.weights !== undefined && !isNamed(visual) && !isNamed(audio)) {
    throw new UsageError(
      `\`weights\` are for networks known by name (${networkNames.join(', ')}): a model card names its own, but '${options.weights}' came`,
    );
  }
  return { visual: choose(visual, 'visual'), audio: choose(audio, 'audio') };
}
