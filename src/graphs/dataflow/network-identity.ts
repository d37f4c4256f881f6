import { fastForm } from '../../models/networks/fast-convolutions/rule.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { float16Form } from '../../models/quantisation/float16.ts';
import type { Json } from '../graph.ts';

/** The parts of a network that change values. */
export function networkIdentity(network: UnopenedNetwork): Json {
  return {
    name: network.name,
    card: network.cardHash,
    weights: network.weightsHash,
    dimension: network.dimension,
    convolutions: network.convolutions === 'direct' ? undefined : fastForm,
    precision: network.precision === 'float32' ? undefined : network.precision,
    ranges: network.rangesHash,
    form: network.precision === 'float16' ? float16Form : undefined,
  };
}
