import { fastForm } from '../../models/networks/fast-convolutions/rule.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { float16Form } from '../../models/quantisation/float16.ts';
import type { Json } from '../graph.ts';

/** What of a network changes values. */
export function networkIdentity(network: UnopenedNetwork): Json {
  return {
    name: network.name,
    card: network.cardHash,
    weights: network.weightsHash,
    dimension: network.dimension,
    ...(network.convolutions === 'direct' ? {} : { convolutions: fastForm }),
    precision: network.rangesHash === undefined ? undefined : network.precision,
    ranges: network.rangesHash,
    ...(network.precision === 'float16' ? { precision: network.precision, form: float16Form } : {}),
  };
}
