import { checkInteger, checkOneOf } from '../../core/check.ts';
import { seededUniform, type Uniform } from '../autodiff/initialisers.ts';

/** How ratings are put into batches. */
export const batchingMethods = ['random', 'item-grouped'] as const;

/** `random`: any ratings together. `item-grouped`: ratings of few items together. */
export type BatchingMethod = (typeof batchingMethods)[number];

/** How ratings are put into batches. */
export interface BatchingOptions {
  readonly method?: BatchingMethod | undefined;
  readonly seed: number;
  /** Items whose ratings are mixed with each other, for `item-grouped`. Default 16. */
  readonly itemsPerGroup?: number | undefined;
}

/** Puts an array into a random order, in place (Fisher and Yates; Durstenfeld 1964). */
export function shuffle(values: Int32Array, uniform: Uniform): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    const kept = values[last] as number;
    values[last] = values[other] as number;
    values[other] = kept;
  }
}

/** Row numbers sorted by item, and where each item's begin. */
function rowsByItem(items: Int32Array): { rows: Int32Array; starts: Int32Array } {
  let most = -1;
  for (const item of items) most = Math.max(most, item);
  const starts = new Int32Array(most + 2);
  for (const item of items) starts[item + 1] = (starts[item + 1] as number) + 1;
  for (let item = 0; item <= most; item++) starts[item + 1] = (starts[item + 1] as number) + (starts[item] as number);
  const next = starts.slice();
  const rows = new Int32Array(items.length);
  for (const [row, item] of items.entries()) {
    rows[next[item] as number] = row;
    next[item] = (next[item] as number) + 1;
  }
  return { rows, starts };
}

/**
 * The order in which an epoch takes the ratings; batches are consecutive pieces of it. A seeded
 * permutation, the same for the same seed and epoch, another for each epoch. `item-grouped`
 * shuffles the items, takes `itemsPerGroup` of them at a time and shuffles their ratings: a batch
 * then has few different items, whose content is computed once per batch, so that an epoch costs a
 * fraction; but its gradient is of few items too, which changes what is learnt.
 *
 * @throws UsageError when an option is out of range.
 */
export function epochOrder(items: Int32Array, epoch: number, options: BatchingOptions): Int32Array {
  const method = checkOneOf('batching', options.method ?? 'random', batchingMethods);
  const uniform = seededUniform(options.seed, `epoch ${checkInteger('epoch', epoch, 0)}`);
  if (method === 'random') {
    const order = Int32Array.from(items.keys());
    shuffle(order, uniform);
    return order;
  }
  const itemsPerGroup = checkInteger('itemsPerGroup', options.itemsPerGroup ?? 16);
  const { rows, starts } = rowsByItem(items);
  const shuffled = Int32Array.from({ length: starts.length - 1 }, (_, item) => item);
  shuffle(shuffled, uniform);
  const present = shuffled.filter((item) => (starts[item + 1] as number) > (starts[item] as number));
  const order = new Int32Array(items.length);
  let filled = 0;
  for (let first = 0; first < present.length; first += itemsPerGroup) {
    const groupStart = filled;
    for (const item of present.subarray(first, first + itemsPerGroup)) {
      const own = rows.subarray(starts[item], starts[item + 1]);
      order.set(own, filled);
      filled += own.length;
    }
    shuffle(order.subarray(groupStart, filled), uniform);
  }
  return order;
}
