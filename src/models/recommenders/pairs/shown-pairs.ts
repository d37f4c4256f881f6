import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed, Feeds } from '../../autodiff/feeds.ts';
import { uniformWithin } from '../../autodiff/initialisers.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { StepDraws } from '../defined-training.ts';
import type { AskedPairs, PairSpace } from './pair-network.ts';
import { pairInputs } from './rating-head.ts';

/** Which embedding. */
export type Side = 'users' | 'items';

/** 1 where the embedding of the user, or of the item, is visible: float32 [pairs, 1]. */
const shownInput = (side: Side) => `${side}/shown`;

/** The ratings of some rows of the training data, as a feed. */
export function ratingFeed(values: Float32Array, batch: Int32Array, buffers: FeedBuffers): BatchFeed {
  const data = buffers.reals(batch.length);
  for (const [at, row] of batch.entries()) data[at] = values[row] as number;
  return { data, shape: [batch.length, 1] };
}

/**
 * The embeddings of users and items in a network of pairs, and their numbers. Users and items
 * without ratings have no embedding; in training, a share of the ratings is learnt without that of
 * the item.
 */
export class ShownPairs {
  readonly #space: PairSpace;
  readonly #coldRate: number;
  readonly #sides: readonly Side[];
  readonly #hasRatings: Uint8Array;

  /** @param sides the embeddings that the network has. */
  constructor(space: PairSpace, coldRate: number, sides: readonly Side[]) {
    this.#space = space;
    this.#coldRate = coldRate;
    this.#sides = sides;
    this.#hasRatings = new Uint8Array(space.training.userCount);
    for (const user of space.training.users) this.#hasRatings[user] = 1;
  }

  /** The embeddings of these users or items, zeros where they are hidden: [pairs, width]. */
  embedded(tape: Tape, side: Side, which: Tensor, width: number): Tensor {
    const { userCount, itemCount } = this.#space.training;
    const count = side === 'users' ? userCount : itemCount;
    const table = tape.weight(`${side}/embedding`, [count, width], uniformWithin(0.05));
    return timesConstant(tape, rows(tape, table, which), tape.graph.input(shownInput(side), ['pairs', 1]));
  }

  /** Rows of the training ratings, with the ratings. */
  learnt(batch: Int32Array, { uniform }: StepDraws, buffers: FeedBuffers): Feeds {
    const { users, items, values } = this.#space.training;
    const pairs = {
      users: batch.map((row) => users[row] as number),
      items: batch.map((row) => items[row] as number),
    };
    return {
      ...this.#feeds(pairs, (item) => uniform() >= this.#coldRate && this.#isKnown(item), buffers),
      [pairInputs.ratings]: ratingFeed(values, batch, buffers),
    };
  }

  /** Pairs to predict. */
  asked(pairs: AskedPairs, buffers: FeedBuffers): Feeds {
    return this.#feeds(pairs, (item) => this.#isKnown(item), buffers);
  }

  #isKnown(item: number): boolean {
    return this.#space.known[item] === 1;
  }

  #feeds({ users, items }: AskedPairs, isShown: (item: number) => boolean, buffers: FeedBuffers): Feeds {
    const count = users.length;
    const [who, what] = [buffers.integers(count), buffers.integers(count)];
    const shown = { users: buffers.reals(count), items: buffers.reals(count) };
    who.set(users);
    what.set(items);
    for (let at = 0; at < count; at++) {
      shown.users[at] = this.#hasRatings[users[at] as number] as number;
      shown.items[at] = isShown(items[at] as number) ? 1 : 0;
    }
    return {
      [pairInputs.users]: { data: who, shape: [count] },
      [pairInputs.items]: { data: what, shape: [count] },
      ...Object.fromEntries(this.#sides.map((side) => [shownInput(side), { data: shown[side], shape: [count, 1] }])),
    };
  }
}
