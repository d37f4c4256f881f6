import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Ranges } from '../../models/quantisation/range.ts';

/**
 * Meaningless ranges, for what does not depend on them: the memory of a network that has not been
 * calibrated yet.
 */
export function placeholderRanges(plan: UnopenedNetwork): Ranges {
  return Object.fromEntries(plan.rangedTensors.map((name) => [name, [0, 1] as const]));
}
