import { shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { StoredWeights } from '../io/weights-store/weights-store.ts';
import type { ConvolutionForm } from '../models/networks/fast-convolutions/form.ts';
import { network, UnopenedNetwork } from '../models/networks/network.ts';
import {
  isNetworkName,
  networkNames,
  postprocessedNetworks,
  postprocessingOf,
} from '../models/networks/network-registry.ts';
import { checkStatedHash } from './weights/stated-hash.ts';
import { storedPostprocessing } from './weights/stored-postprocessing.ts';
import { usualWeights } from './weights/weights-to-use.ts';

/** Which networks to use, and their weights. */
export interface NetworkChoice {
  /**
   * A network's name, a network card's path, a network of your own (`network(...)`), or `none`.
   * Default `alexnet`.
   */
  readonly visual?: string | UnopenedNetwork<Uint8Array> | undefined;
  /** Likewise for audio. Default `vggish`. */
  readonly audio?: string | UnopenedNetwork<Float32Array> | undefined;
  /**
   * Weights of named networks: `random:SEED`, or a weight file if only one of the two networks is a
   * named one. Default: the file in the weights store, else `random:1`; the run reports random
   * weights.
   */
  readonly weights?: string | undefined;
  /**
   * Weights of the visual network only: `random:SEED`, or a weight file; for a network card, an
   * .onnx file.
   */
  readonly visualWeights?: string | undefined;
  /** Weights of the audio network only, likewise. */
  readonly audioWeights?: string | undefined;
  /**
   * The tensor to use as the visual network's output: a tensor's name, or an alias that a named
   * network defines.
   */
  readonly layer?: string | undefined;
  /**
   * VGGish's post-processing: path of the PCA parameters, `vggish-pca` for those in the weights
   * store, or `true` if the weights contain them or are random (then the parameters are random
   * too).
   */
  readonly audioPostprocess?: string | true | undefined;
  /**
   * `fast` (default): convolutions with fewer multiplications, for shapes where that pays;
   * `direct`: plain convolutions, as in datasets made before there was a choice.
   */
  readonly convolutions?: ConvolutionForm | undefined;
}

/** The networks that a pair of names or cards resolves to. */
export interface ChosenNetworks {
  readonly visual: UnopenedNetwork<Uint8Array> | undefined;
  readonly audio: UnopenedNetwork<Float32Array> | undefined;
  /** One sentence about each network whose weights came from the weights store. */
  readonly says: readonly string[];
}

/**
 * Resolves `visual` and `audio` to networks. Weights of a named network are those of the options,
 * else those in the weights store, else `random:1`.
 *
 * @throws UsageError when a network has the wrong modality, or an option applies to no network;
 * ModelError when a card or weights do not fit, stored weights are damaged, or the hash of a file
 * given by an option is not the one that its name states.
 */
export function chooseNetworks(options: NetworkChoice): ChosenNetworks {
  const { visual: forFrames = 'alexnet', audio: forAudio = 'vggish' } = options;
  checkChoice(options, { visual: forFrames, audio: forAudio });
  const says: string[] = [];
  const choose = (modality: 'visual' | 'audio'): UnopenedNetwork | undefined => {
    const chosen = modality === 'visual' ? forFrames : forAudio;
    if (chosen === 'none') return undefined;
    const plan = typeof chosen === 'string' ? named(modality, chosen) : chosen;
    if (plan.card.modality !== modality) {
      throw new UsageError(
        `\`${modality}\` must be a network for ${modality}, but '${plan.name}' is one for ${plan.card.modality}`,
        { option: modality },
      );
    }
    return plan;
  };
  const named = (modality: 'visual' | 'audio', name: string): UnopenedNetwork => {
    const own = modality === 'visual' ? options.visualWeights : options.audioWeights;
    const given = own ?? (isNetworkName(name) ? options.weights : undefined);
    const { weights, stored } = given === undefined ? usualWeights(name) : { weights: given, stored: undefined };
    const postprocess = modality === 'audio' ? options.audioPostprocess : undefined;
    const stores = postprocessingOf(name)?.name;
    const storedPca = stores !== undefined && postprocess === stores ? storedPostprocessing(stores) : undefined;
    const plan = network(name, {
      convolutions: options.convolutions,
      weights,
      weightsOrigin: stored,
      layer: modality === 'visual' ? options.layer : undefined,
      postprocess: storedPca?.path ?? postprocess,
      postprocessOrigin: storedPca,
    });
    const paths = { weights: given, postprocess: storedPca === undefined ? postprocess : undefined };
    for (const { role, sha256 } of plan.weightsFiles) {
      const path = paths[role];
      // A card names its own weight file: `random:SEED` is ignored for it.
      if (typeof path === 'string' && !path.startsWith('random:')) checkStatedHash(path, sha256);
    }
    for (const model of [stored, storedPca]) if (model) says.push(saidOf(model));
    return plan;
  };
  // The modality was checked above, so each network reads the right kind of input.
  const [visual, audio] = [choose('visual'), choose('audio')];
  return {
    visual: visual as UnopenedNetwork<Uint8Array> | undefined,
    audio: audio as UnopenedNetwork<Float32Array> | undefined,
    says,
  };
}

const saidOf = ({ name, origin, sha256 }: StoredWeights) =>
  `${name}: stored weights (${origin}, SHA-256 ${sha256.slice(0, 12)}).`;

function checkChoice(
  options: NetworkChoice,
  chosen: { readonly visual: string | UnopenedNetwork; readonly audio: string | UnopenedNetwork },
): void {
  const { weights } = options;
  // A network that was passed in already has its weights and its layer.
  const [visual, audio] = [nameOf('visual', chosen.visual), nameOf('audio', chosen.audio)];
  const named = [visual, audio].filter((name) => name !== undefined).filter(isNetworkName);
  if (weights !== undefined && named.length === 0) {
    throw new UsageError(
      `\`weights\` are for networks known by name (${networkNames.join(', ')}): a network card names its own; got '${weights}'`,
      { option: 'weights' },
    );
  }
  const waiting = named.filter(
    (name) => (name === visual ? options.visualWeights : options.audioWeights) === undefined,
  );
  if (weights !== undefined && !weights.startsWith('random:') && waiting.length > 1) {
    throw new UsageError(
      `\`weights\` is one file, '${weights}', but two networks need weights: ${waiting.join(' and ')}`,
      {
        option: 'weights',
        remedy:
          "Give `visualWeights` and `audioWeights`, or turn one network off with `visual: 'none'` or `audio: 'none'`.",
      },
    );
  }
  const needs = (option: keyof NetworkChoice, modality: string, name: string | undefined) => {
    if (options[option] === undefined || (name !== undefined && name !== 'none')) return;
    if (name === 'none')
      throw new UsageError(`\`${option}\` is for the ${modality} network, but \`${modality}\` is none`, { option });
    throw new UsageError(`\`${option}\` is for a network chosen by its name, but \`${modality}\` is a network`, {
      option,
      remedy: 'Give it to `network()`, which made that one.',
    });
  };
  needs('layer', 'visual', visual);
  needs('visualWeights', 'visual', visual);
  needs('audioWeights', 'audio', audio);
  needs('audioPostprocess', 'audio', audio);
  if (options.audioPostprocess !== undefined && audio !== undefined && postprocessingOf(audio) === undefined) {
    throw new UsageError(
      `\`audioPostprocess\` is for ${postprocessedNetworks.join(', ')}, but \`audio\` is '${audio}'`,
      { option: 'audioPostprocess' },
    );
  }
}

/** The name or path that chooses a network; undefined for a network that was passed in. */
function nameOf(option: 'visual' | 'audio', chosen: string | UnopenedNetwork): string | undefined {
  if (typeof chosen === 'string') return chosen;
  if (chosen instanceof UnopenedNetwork) return undefined;
  throw new UsageError(
    `\`${option}\` must be a network's name, the path of a card, or a network, but is ${shown(chosen)}`,
    {
      option,
      remedy: "Give what `network('alexnet')` returns, which is not opened yet.",
    },
  );
}
