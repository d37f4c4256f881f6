import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { relu } from '../../autodiff/operations/elementwise.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { AskedPairs, PairSpace } from './pair-network.ts';
import { dealt } from './shuffled-sources.ts';

/** Inputs that are made from the time of a rating. */
export const timeInputs = ['since-first', 'hour', 'weekday'] as const;

/** Name of an input that is made from the time of a rating. */
export type TimeInput = (typeof timeInputs)[number];

const [minute, day] = [60, 86_400];
/**
 * Seconds since a user's first rating below which each bucket of `since-first` lies; the last one
 * has no end.
 */
const sinceBuckets = [60 * minute, day, 7 * day, 30 * day, 365 * day] as const;

/** How many buckets each has, and what it makes of a time and of the user's first one. */
const made: Readonly<
  Record<TimeInput, { readonly buckets: number; of(time: number, first: number): { value: number; bucket: number } }>
> = {
  'since-first': {
    buckets: sinceBuckets.length + 1,
    of(time, first) {
      const seconds = Math.max(0, time - first);
      const found = sinceBuckets.findIndex((end) => seconds < end);
      return { value: Math.log1p(seconds / day) / 8, bucket: found < 0 ? sinceBuckets.length : found };
    },
  },
  hour: {
    buckets: 24,
    of(time) {
      const hours = remainder(time / (60 * minute), 24);
      return { value: hours / 24, bucket: Math.floor(hours) };
    },
  },
  // Days of the week from Monday; the first day of 1970 was a Thursday.
  weekday: {
    buckets: 7,
    of(time) {
      const days = remainder(time / day + 3, 7);
      return { value: days / 7, bucket: Math.floor(days) };
    },
  },
};

/** In [0, divisor), for times before 1970 too. */
function remainder(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** Seconds further from 1970 than these are taken for milliseconds. */
const latest = 1e11;

const inputName = (input: TimeInput) => `pairs/${input}`;

/**
 * What a network is told about when a rating was given: the time since the user's first training
 * rating, the hour and the day of the week (UTC), each as a number and as one of some buckets. No
 * later rating takes part. A pair whose time is unknown, as in a list, is asked at the time of the
 * user's last training rating.
 */
export class RatingTimes {
  readonly #space: PairSpace;
  readonly #times: Float64Array;
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  readonly #inputs: readonly TimeInput[];
  /** The training rows that stand for others, for the inputs whose values are exchanged. */
  readonly #told: ReadonlyMap<TimeInput, Int32Array>;

  /** @throws UsageError if the training ratings have no times, or not in seconds. */
  constructor(space: PairSpace, inputs: readonly TimeInput[], shuffled: readonly string[], seed: number) {
    const { times, users, userCount } = space.training;
    this.#space = space;
    this.#inputs = inputs;
    this.#times = checkedTimes(times, inputs);
    this.#first = new Float64Array(userCount).fill(Number.POSITIVE_INFINITY);
    this.#last = new Float64Array(userCount).fill(Number.NEGATIVE_INFINITY);
    for (const [row, user] of users.entries()) {
      const time = this.#times[row] as number;
      this.#first[user] = Math.min(this.#first[user] as number, time);
      this.#last[user] = Math.max(this.#last[user] as number, time);
    }
    const latest = this.#last.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
    for (const [user, time] of this.#last.entries()) if (!Number.isFinite(time)) this.#last[user] = latest;
    this.#told = new Map(
      inputs.filter((input) => shuffled.includes(input)).map((input) => [input, dealt(users.length, seed, input)]),
    );
  }

  /** [pairs, width] for each input: a dense layer with ReLU. */
  parts(tape: Tape, width: number): Tensor[] {
    return this.#inputs.map((input) => {
      const told = tape.graph.input(inputName(input), ['pairs', 1 + made[input].buckets]);
      return relu(tape, denseLayer(tape, input, told, width));
    });
  }

  /** For rows of the training ratings. */
  learnt(batch: Int32Array, buffers: FeedBuffers): Feeds {
    return this.#feeds(batch.length, (at) => batch[at] as number, buffers);
  }

  /** For pairs to predict. */
  asked({ users, items, times }: AskedPairs, buffers: FeedBuffers): Feeds {
    const { itemCount } = this.#space.training;
    const wrong = times?.find((time) => !isTime(time));
    if (wrong !== undefined) throw notATime(wrong, this.#inputs[0]);
    const timeOf = (at: number) => times?.[at] ?? (this.#last[users[at] as number] as number);
    const row = (at: number) => ((users[at] as number) * itemCount + (items[at] as number)) % this.#times.length;
    return this.#feeds(users.length, row, buffers, (at) => ({ user: users[at] as number, time: timeOf(at) }));
  }

  /**
   * @param rowOf the training row of a pair; of one to predict, the row that stands for it if
   * values are exchanged.
   */
  #feeds(
    count: number,
    rowOf: (at: number) => number,
    buffers: FeedBuffers,
    asked?: (at: number) => { readonly user: number; readonly time: number },
  ): Feeds {
    return Object.fromEntries(
      this.#inputs.map((input) => {
        const { buckets, of } = made[input];
        const width = 1 + buckets;
        const data = buffers.reals(count * width).fill(0);
        const told = this.#told.get(input);
        for (let at = 0; at < count; at++) {
          const { user, time } = told || !asked ? this.#ofRow(told?.[rowOf(at)] ?? rowOf(at)) : asked(at);
          const { value, bucket } = of(time, this.#first[user] as number);
          data[at * width] = value;
          data[at * width + 1 + bucket] = 1;
        }
        return [inputName(input), { data, shape: [count, width] }];
      }),
    );
  }

  #ofRow(row: number): { readonly user: number; readonly time: number } {
    return { user: this.#space.training.users[row] as number, time: this.#times[row] as number };
  }
}

function checkedTimes(times: Float64Array | undefined, inputs: readonly TimeInput[]): Float64Array {
  if (times === undefined) {
    throw new UsageError(`\`inputs\` has '${inputs[0]}', but the ratings have no times`, {
      option: 'inputs',
      remedy: `Read the ratings with their times, or leave ${timeInputs.join(', ')} out of \`inputs\`.`,
    });
  }
  const wrong = times.find((time) => !isTime(time));
  if (wrong !== undefined) throw notATime(wrong, inputs[0]);
  return times;
}

function isTime(time: number): boolean {
  return Math.abs(time) <= latest;
}

function notATime(time: number, input: TimeInput | undefined): UsageError {
  return new UsageError(`\`inputs\` has '${input}', but the time ${time} is not in seconds since 1970`, {
    option: 'inputs',
    remedy: 'Give times in seconds.',
  });
}
