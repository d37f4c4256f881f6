import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { PairSpace } from './pair-network.ts';
import { dealt } from './shuffled-sources.ts';

const inputName = 'users/own-ratings';

/**
 * What a network is told about a user's ratings: how far their mean is above the overall mean, as a
 * share of the scale, and the logarithm of their number. The rating being learnt is left out.
 */
export class OwnRatings {
  readonly #space: PairSpace;
  readonly #sums: Float64Array;
  readonly #counts: Int32Array;
  /** Whose ratings stand for each user's, if they are exchanged. */
  readonly #told: Int32Array | undefined;

  constructor(space: PairSpace, isShuffled: boolean, seed: number) {
    const { users, values, userCount } = space.training;
    this.#space = space;
    this.#sums = new Float64Array(userCount);
    this.#counts = new Int32Array(userCount);
    for (const [row, user] of users.entries()) {
      this.#sums[user] = (this.#sums[user] as number) + (values[row] as number);
      this.#counts[user] = (this.#counts[user] as number) + 1;
    }
    this.#told = isShuffled ? dealt(userCount, seed, 'user-ratings') : undefined;
  }

  /** float32 [pairs, 2]. */
  input(tape: Tape): Tensor {
    return tape.graph.input(inputName, ['pairs', 2]);
  }

  /** For rows of the training ratings, each leaving itself out. */
  learnt(batch: Int32Array, buffers: FeedBuffers): Feeds {
    const { users, values } = this.#space.training;
    return this.#feed(
      batch.map((row) => users[row] as number),
      (at) => (this.#told === undefined ? (values[batch[at] as number] as number) : undefined),
      buffers,
    );
  }

  /** For users to predict for, with all their ratings. */
  asked(users: Int32Array, buffers: FeedBuffers): Feeds {
    return this.#feed(users, () => undefined, buffers);
  }

  #feed(users: Int32Array, without: (at: number) => number | undefined, buffers: FeedBuffers): Feeds {
    const { mean, training } = this.#space;
    const width = training.scale.maximum - training.scale.minimum;
    const data = buffers.reals(2 * users.length);
    for (const [at, asked] of users.entries()) {
      const user = this.#told?.[asked] ?? asked;
      const left = without(at);
      const sum = (this.#sums[user] as number) - (left ?? 0);
      const count = (this.#counts[user] as number) - (left === undefined ? 0 : 1);
      data[2 * at] = count === 0 ? 0 : (sum / count - mean) / width;
      data[2 * at + 1] = Math.log1p(count) / 5;
    }
    return { [inputName]: { data, shape: [users.length, 2] } };
  }
}
