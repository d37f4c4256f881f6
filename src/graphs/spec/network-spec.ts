import { checkOneOf, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { type NetworkCard, parseCard } from '../../models/networks/card.ts';
import type { ConvolutionForm } from '../../models/networks/fast-convolutions/form.ts';
import { network, networkOfCard, type UnopenedNetwork } from '../../models/networks/network.ts';
import type { NamedOptions } from '../../models/networks/network-entry.ts';
import { isNetworkName, networkNames, postprocessingOf } from '../../models/networks/network-registry.ts';
import type { Ranges } from '../../models/quantisation/range.ts';
import { findWeights } from './find-weights.ts';

/** A network as JSON: how to find it again wherever its weights are. */
export interface NetworkSpec {
  readonly name: string;
  /** The network card; left out for networks that reelflow builds itself. */
  readonly card?: NetworkCard | undefined;
  /** For a network that reelflow builds itself, the chosen options. */
  readonly options?: NamedOptions | undefined;
  /** `random:SEED`, or `sha256:` and the hash of the file. */
  readonly weights: string;
  /** The file of post-processing's parameters, likewise. */
  readonly postprocess?: string | undefined;
  readonly convolutions: ConvolutionForm;
  /** For int8, the ranges of its activations. */
  readonly ranges?: Ranges | undefined;
  /** Left out for float32, and for int8, which has ranges. */
  readonly precision?: 'float16' | undefined;
}

const HASH = /^sha256:([0-9a-f]{64})$/;

/** The description of a network that `networkFrom` needs. */
export function networkSpec(plan: UnopenedNetwork): NetworkSpec {
  const { name, card, named, random, weightsOrigin, weightsFiles, convolutions, ranges } = plan;
  const fileOf = (role: 'weights' | 'postprocess') => {
    const file = weightsFiles.find((each) => each.role === role);
    return file && `sha256:${file.sha256}`;
  };
  const postprocess = fileOf('postprocess');
  return {
    name,
    card: named === undefined ? card : undefined,
    options: named,
    weights: random ? weightsOrigin : (fileOf('weights') as string),
    postprocess,
    convolutions,
    ranges,
    precision: plan.precision === 'float16' ? plan.precision : undefined,
  };
}

/**
 * Finds a network from its spec. Nothing in a spec is used as a path: weights are found by their
 * hash.
 *
 * @param places files, and directories of files, to search for weights before the weights store.
 * @throws UsageError `spec` for something that is not a network; ModelError `weights` when weights
 * are not found, `card` and `precision` when they do not fit.
 */
export function networkFrom(spec: NetworkSpec, places: readonly string[]): UnopenedNetwork {
  const name = checkString('spec.name', spec.name);
  const convolutions = checkOneOf('spec.convolutions', spec.convolutions, ['fast', 'direct']);
  const found = spec.card === undefined ? named() : ofCard(spec.card);
  if (spec.precision !== undefined) checkOneOf('spec.precision', spec.precision, ['float16']);
  if (spec.precision === 'float16') return found.float16();
  return spec.ranges === undefined ? found : found.quantised(checkRanges(spec.ranges));

  function ofCard(value: NetworkCard): UnopenedNetwork {
    const card = parseCard(value, `of ${name} in the spec`);
    const { path } = findWeights(hashOf(spec.weights), { name, hint: card.file, places });
    return networkOfCard(card, path, { convolutions });
  }

  function named(): UnopenedNetwork {
    if (!isNetworkName(name)) {
      throw new UsageError(`there is no network '${name}', and the spec has no card of it`, {
        code: 'spec',
        remedy: `Names are ${networkNames.join(', ')}. Use the version of reelflow that wrote the spec.`,
      });
    }
    const weights = /^random:\d+$/.test(spec.weights)
      ? { path: spec.weights, known: undefined }
      : findWeights(hashOf(spec.weights), { name, stored: name, places });
    const own = postprocessingOf(name)?.name;
    const postprocess =
      spec.postprocess === undefined
        ? undefined
        : findWeights(hashOf(spec.postprocess), { name: own ?? name, stored: own, places });
    const { layer, final, resize, postprocess: isPostprocessed } = spec.options ?? {};
    return network(name, {
      ...{ layer, final, resize, convolutions },
      weights: weights.path,
      weightsOrigin: weights.known,
      postprocess: postprocess?.path ?? isPostprocessed === true,
      postprocessOrigin: postprocess?.known,
    });
  }
}

function hashOf(weights: string): string {
  const [, hash] = HASH.exec(weights) ?? [];
  if (hash !== undefined) return hash;
  throw new UsageError(`weights in a spec must be 'random:SEED' or 'sha256:' and a hash, but are '${weights}'`, {
    code: 'spec',
  });
}

function checkRanges(ranges: Ranges): Ranges {
  const isRange = (range: unknown) =>
    Array.isArray(range) && range.length === 2 && range.every((bound) => typeof bound === 'number');
  const wrong = Object.entries(ranges).find(([, range]) => !isRange(range));
  if (wrong === undefined) return ranges;
  throw new UsageError(`the range of tensor '${wrong[0]}' in a spec must be two numbers`, { code: 'spec' });
}
