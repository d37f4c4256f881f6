import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Ranges } from '../../models/quantisation/range.ts';

/**
 * Meaningless ranges for a network that has not been calibrated yet, for computations that do not
 * depend on them, such as its memory.
 */
export function placeholderRanges(plan: UnopenedNetwork): Ranges {
  return Object.fromEntries(plan.rangedTensors.map((name) => [name, [0, 1] as const]));
}
