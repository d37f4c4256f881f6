import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { PairSpace } from './pair-network.ts';
import { dealt } from './shuffled-sources.ts';

const inputName = 'users/own-ratings';

/**
 * What a network is told about a user's ratings: how far their mean is above the overall mean, as a
 * share of the scale, and the logarithm of their number. For a rating being learnt, the mean is of
 * half of the user's ratings, every second one, or of the others, whichever leaves this rating out.
 * The mean of all other ratings would give it away.
 */
export class OwnRatings {
  readonly #space: PairSpace;
  /** Of both halves of each user's ratings. */
  readonly #sums: Float64Array;
  readonly #counts: Int32Array;
  /** The half that each rating belongs to. */
  readonly #halves: Uint8Array;
  /** Whose ratings stand for each user's, if they are exchanged. */
  readonly #told: Int32Array | undefined;

  constructor(space: PairSpace, isShuffled: boolean, seed: number) {
    const { users, values, userCount } = space.training;
    this.#space = space;
    this.#sums = new Float64Array(2 * userCount);
    this.#counts = new Int32Array(2 * userCount);
    this.#halves = new Uint8Array(users.length);
    for (const [row, user] of users.entries()) {
      const half = this.#countOf(user) % 2;
      const at = 2 * user + half;
      this.#halves[row] = half;
      this.#sums[at] = (this.#sums[at] as number) + (values[row] as number);
      this.#counts[at] = (this.#counts[at] as number) + 1;
    }
    this.#told = isShuffled ? dealt(userCount, seed, 'user-ratings') : undefined;
  }

  /** float32 [pairs, 2]. */
  input(tape: Tape): Tensor {
    return tape.graph.input(inputName, ['pairs', 2]);
  }

  /** For rows of the training ratings, each leaving its own half out. */
  learnt(batch: Int32Array, buffers: FeedBuffers): Feeds {
    const { users } = this.#space.training;
    return this.#feed(
      batch.map((row) => users[row] as number),
      (at) => [1 - (this.#halves[batch[at] as number] as number)],
      buffers,
    );
  }

  /** For users to predict for, with all their ratings. */
  asked(users: Int32Array, buffers: FeedBuffers): Feeds {
    return this.#feed(users, () => [0, 1], buffers);
  }

  #countOf(user: number): number {
    return (this.#counts[2 * user] as number) + (this.#counts[2 * user + 1] as number);
  }

  #feed(users: Int32Array, halvesOf: (at: number) => readonly number[], buffers: FeedBuffers): Feeds {
    const { mean, training } = this.#space;
    const width = training.scale.maximum - training.scale.minimum;
    const data = buffers.reals(2 * users.length);
    for (const [at, asked] of users.entries()) {
      const user = this.#told?.[asked] ?? asked;
      let [sum, count] = [0, 0];
      for (const half of halvesOf(at)) {
        sum += this.#sums[2 * user + half] as number;
        count += this.#counts[2 * user + half] as number;
      }
      data[2 * at] = count === 0 ? 0 : (sum / count - mean) / width;
      data[2 * at + 1] = Math.log1p(this.#countOf(user)) / 5;
    }
    return { [inputName]: { data, shape: [users.length, 2] } };
  }
}
