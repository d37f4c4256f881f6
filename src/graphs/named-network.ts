import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { type NetworkOptions, network as networkOf, type UnopenedNetwork } from '../models/networks/network.ts';
import type { NetworkName, NetworkReads } from '../models/networks/network-registry.ts';
import { usualWeights } from './weights/weights-to-use.ts';

const known: KnownOptions<NetworkOptions> = {
  layer: true,
  final: true,
  postprocess: true,
  resize: true,
  weights: true,
  weightsOrigin: true,
  postprocessOrigin: true,
  cacheDirectory: true,
  convolutions: true,
};

/**
 * Finds a network: one that reelflow builds itself, by its name, or any ONNX file, by its network
 * card. Reads structure and hashes, but no weights; no session is opened. The weights of a named
 * network are those given by the options, else those that `pullWeights` or `importWeights` stored,
 * else `random:1`, which every run and dataset reports.
 *
 * @param name - one of `networkNames`, or the path of a card (JSON). The path of a card does not
 * tell TypeScript what its network reads, so state it:
 * `network<Uint8Array>('squeezenet/card.json')` for pictures, `network<Float32Array>` for sound.
 * @throws UsageError when there is no such network; ModelError `card`, `weights` or `hash`.
 *
 * @example
 * const alexnet = network('alexnet', { weights: 'alexnet.pth' });
 * scope.frames(alexnet.input).pipe(scope.embed(alexnet));
 */
export function network<Name extends NetworkName>(
  name: Name,
  options?: NetworkOptions,
): UnopenedNetwork<NetworkReads<Name>>;
export function network<T extends Uint8Array | Float32Array = Uint8Array | Float32Array>(
  cardPath: string,
  options?: NetworkOptions,
): UnopenedNetwork<T>;
export function network(name: string, options: NetworkOptions = {}): UnopenedNetwork {
  checkKnownOptions('network', options, known);
  if (options.weights !== undefined) return networkOf(name, options);
  const { weights, stored } = usualWeights(name);
  return networkOf(name, { ...options, weights, weightsOrigin: stored });
}
