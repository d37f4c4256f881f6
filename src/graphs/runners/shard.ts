import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';

/** A part of a corpus: number `index`, counted from 0, of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Which part of its corpus a run computes, and whether it continues with those of others. */
export interface ShardOptions {
  /**
   * Computes one part of the corpus: the items whose ids hash to it. Every other part is computed
   * by a separate run over the same inputs into the same dataset, on this machine or another that
   * shares the file system, at the same time or not. Default: the whole corpus.
   */
  readonly shard?: Shard | undefined;
  /**
   * Continues, once all of its own part has been started, with items of other shards that nobody
   * has started, or whose run has died. Default false.
   */
  readonly steal?: boolean | undefined;
}

/** How many digits of the hash are used: 48 bits, which fit a number. */
const DIGITS = 12;

/**
 * The number of the shard that an item is in. It depends only on the id: nothing is read, and an
 * item stays in its shard when its file changes or other items come and go.
 *
 * @example
 * shardIndex('heat', 3); // 0, 1 or 2, everywhere the same
 */
export function shardIndex(itemId: string, count: number): number {
  return Number.parseInt(sha256(itemId).slice(0, DIGITS), 16) % count;
}

/** The items of a list that are in a shard, in their order. */
export function itemsOfShard<Item extends { readonly id: string }>(
  items: readonly Item[],
  { index, count }: Shard,
): readonly Item[] {
  return items.filter(({ id }) => shardIndex(id, count) === index);
}

/**
 * Checks the options of a shard.
 *
 * @param isStored whether the results of the run are stored in a dataset, which other shards see.
 * @throws UsageError for a number that is not one of the shards, and for `steal` if there is
 * nothing to take over.
 */
export function checkShard({ shard, steal }: ShardOptions, isStored: boolean): void {
  if (shard !== undefined) {
    checkInteger('shard.count', shard.count);
    checkInteger('shard.index', shard.index, 0);
    if (shard.index >= shard.count) {
      throw new UsageError(
        `the index of \`shard\` counts from 0 and must be below the count, ${shard.count}, but is ${shard.index}`,
        { option: 'shard', remedy: `The last of ${shard.count} is ${shard.count - 1}.` },
      );
    }
  }
  if (steal !== true) return;
  if (shard === undefined) {
    throw new UsageError('`steal` takes over items of other shards, but `shard` was not given', { option: 'steal' });
  }
  if (!isStored) {
    throw new UsageError('`steal` needs a dataset, which shows what other shards have done', { option: 'steal' });
  }
}
