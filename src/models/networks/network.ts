import { checkOneOf, checkString } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { nearestOf } from '../../core/nearest.ts';
import { insideFolder, readModel } from '../onnx/read.ts';
import { architectureGraph } from './architecture.ts';
import { assemble, outputAt } from './assemble.ts';
import { cacheDirectory, fileHash } from './cache.ts';
import { hashCard, loadCard, type NetworkCard } from './card.ts';
import { convolutionForms } from './fast-convolutions/form.ts';
import { namedWeights } from './named-weights.ts';
import type { NamedOptions } from './network-entry.ts';
import type { NetworkOptions } from './network-options.ts';
import { type NetworkName, type NetworkReads, namedNetwork, networkNames } from './network-registry.ts';
import { UnopenedNetwork } from './unopened-network.ts';
import { weightsFile } from './weights-origin.ts';

export { Network } from './embedder.ts';
export type { NetworkOptions } from './network-options.ts';
export { type OpenOptions, UnopenedNetwork } from './unopened-network.ts';

const defaultBatch = 32;

/**
 * Finds a network: one that reelflow writes itself, by name, or any ONNX file, by its network card.
 * Reads structure and hashes but no weights; opens nothing.
 *
 * @param nameOrCardPath - one of `networkNames`, or the path of a card (JSON).
 * @throws UsageError, ModelError `card`, `weights` or `hash`.
 *
 * @example
 * const plan = network('networks/squeezenet/card.json');
 * const look = await plan.open({ workers: 2 });
 */
export function network<Name extends NetworkName>(
  name: Name,
  options?: NetworkOptions,
): UnopenedNetwork<NetworkReads<Name>>;
export function network<T extends Uint8Array | Float32Array = Uint8Array | Float32Array>(
  nameOrCardPath: string,
  options?: NetworkOptions,
): UnopenedNetwork<T>;
export function network(nameOrCardPath: string, options: NetworkOptions = {}): UnopenedNetwork {
  checkString('nameOrCardPath', nameOrCardPath);
  const convolutions = checkOneOf('convolutions', options.convolutions ?? 'fast', convolutionForms);
  const cache = cacheDirectory(options.cacheDirectory);
  const named = namedNetwork(nameOrCardPath, options);
  if (!named) {
    if (!/[./\\]/.test(nameOrCardPath)) {
      const near = nearestOf(nameOrCardPath, networkNames);
      throw new UsageError(`there is no network '${nameOrCardPath}'`, {
        remedy:
          near === undefined
            ? `Give one of ${networkNames.join(', ')}, or the path of a network card (JSON).`
            : `Did you mean '${near}'?`,
      });
    }
    return cardNetwork(nameOrCardPath, { ...options, convolutions }, cache);
  }
  if (options.weights === undefined) {
    throw new ModelError('weights', `${named.name} has no weights yet`, {
      remedy:
        "Give a weight file, `weights: 'random:1'` to try things out, or a network card of a trained .onnx file instead of the name.",
    });
  }
  const { architecture, card } = named;
  const postprocess = typeof options.postprocess === 'string' ? options.postprocess : undefined;
  const weights = namedWeights(architecture, options.weights, postprocess, cache, {
    weights: options.weightsOrigin,
    postprocess: options.postprocessOrigin,
  });
  const graph = architectureGraph(architecture, weights.tensor);
  const cardHash = hashCard(card, architecture);
  const assembled = assemble(card, graph, named.name, convolutions);
  const { hash, random, origin, files } = weights;
  return new UnopenedNetwork(
    card,
    cardHash,
    hash,
    random,
    origin,
    files,
    named.batch,
    namedOptions(options),
    assembled,
    cache,
  );
}

/** The options that determine a named network, besides its weights. */
function namedOptions({ layer, final, postprocess, resize }: NamedOptions): NamedOptions {
  return {
    layer,
    final,
    postprocess: (postprocess ?? false) === false ? undefined : true,
    resize,
  };
}

function cardNetwork(path: string, options: NetworkOptions, cache: string): UnopenedNetwork {
  const { weights } = options;
  const { card, folder } = loadCard(path);
  const file = weights === undefined || weights.startsWith('random:') ? insideFolder(folder, card.file ?? '') : weights;
  if (file === undefined) {
    throw new ModelError(
      'card',
      `network card ${path}: \`file\` must name a file inside the card's own folder (links that lead outside are not followed), but '${card.file}' is not one`,
      {
        remedy: `Put the ONNX file beside the card, or give its path as \`${card.modality}Weights\`; to \`network\` itself, as its weights.`,
      },
    );
  }
  return networkOfCard(card, file, { ...options, cacheDirectory: cache });
}

/**
 * The network of a network card and the ONNX file with its weights, wherever that is.
 *
 * @throws ModelError `card`, `weights` or `hash`, as `network`.
 */
export function networkOfCard(
  given: NetworkCard,
  file: string,
  options: Pick<NetworkOptions, 'weightsOrigin' | 'layer' | 'convolutions' | 'cacheDirectory'> = {},
): UnopenedNetwork {
  const { weightsOrigin, layer, convolutions = 'fast' } = options;
  const cache = cacheDirectory(options.cacheDirectory);
  let card = given;
  const weightsHash = fileHash(file, cache);
  if (card.sha256 !== undefined && card.sha256 !== weightsHash) {
    throw new ModelError(
      'hash',
      `${file} is not the file of its card: its SHA-256 is ${weightsHash}, the card says ${card.sha256}`,
      {
        remedy: 'Download the file again, or correct `sha256` in the card if the new file is meant.',
      },
    );
  }
  const graph = readModel(file);
  if (layer !== undefined) card = { ...card, output: outputAt(card, graph, layer, file) };
  const assembled = assemble(card, graph, file, convolutions);
  const files = [weightsFile('weights', weightsHash, file, weightsOrigin)];
  const batch = card.batch ?? defaultBatch;
  return new UnopenedNetwork(card, hashCard(card), weightsHash, false, file, files, batch, undefined, assembled, cache);
}
