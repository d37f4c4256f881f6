import type { Trainer } from '../../autodiff/trainer.ts';
import type { TrainingData } from '../../autodiff/trainer-options.ts';
import type { RatingFeeds } from './rating-batches.ts';
import { type NegativesOptions, SampledNegatives } from './sampled-negatives.ts';
import type { TrainingSet } from './training-set.ts';

/** What is learnt from, and how it comes in batches. */
export interface BatchingRule {
  readonly set: TrainingSet;
  readonly known: Uint8Array;
  readonly feeds: RatingFeeds;
  /** Rows of the set, in the order of an epoch. */
  readonly orderOf: (epoch: number) => Int32Array;
  readonly size: number;
  /** Where ratings say what was chosen: what was not stands beside them. */
  readonly negatives: NegativesOptions | undefined;
}

/** The ratings of a set, batch by batch. */
export function trainingBatches({ set, known, feeds, orderOf, size, negatives }: BatchingRule): TrainingData {
  const sampled = negatives && new SampledNegatives(set, known, negatives);
  const feedsOf = (rows: Int32Array, buffers: Trainer['buffers'], name: string) => {
    if (sampled === undefined) return feeds.of(rows, buffers);
    const pairs = sampled.beside(rows, name);
    return feeds.of(Int32Array.from(pairs.users.keys()), buffers, pairs);
  };
  return {
    rows: set.users.length,
    async *batches(epoch, from, buffers) {
      const order = orderOf(epoch);
      for (let start = from * size; start < order.length; start += size) {
        const rows = order.subarray(start, start + size);
        yield { rows: rows.length, feeds: await feedsOf(rows, buffers, `${epoch} ${start}`) };
      }
    },
  };
}
