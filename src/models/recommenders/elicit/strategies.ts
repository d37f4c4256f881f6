import { seededUniform } from '../../autodiff/initialisers.ts';
import type { ItemVectors } from '../item-vectors.ts';
import type { TrainingRatings } from '../recommender.ts';

/** The orders in which all new users can be asked about items. */
export const askingStrategies = [
  'random',
  'popularity',
  'variance',
  'entropy',
  'entropy0',
  'log-popularity-entropy',
  'helf',
  'content-spread',
] as const;

/** What to ask next depends on the answers so far. */
export const adaptiveStrategies = ['expected-error', 'decision-tree'] as const;

/** Name of an order in which all new users are asked about items. */
export type AskingOrder = (typeof askingStrategies)[number];

/** Name of a way in which a new user is asked about items. */
export type AskingStrategy = AskingOrder | (typeof adaptiveStrategies)[number];

/** What is known of the ratings of an item. */
interface RatingCounts {
  readonly ratings: number;
  readonly variance: number;
  /** Over the ratings that were given. */
  readonly entropy: number;
  /** The same, with "not rated" as one more value. */
  readonly entropy0: number;
}

/**
 * The items in the order in which a new user is asked about them, by the ratings of other users
 * (Rashid et al. 2002 and 2008): `random`; `popularity`, the most ratings first; `variance` and
 * `entropy` of the ratings; `entropy0`, where not to have rated is a value too;
 * `log-popularity-entropy`, their product; `helf`, the harmonic mean of the logarithm of popularity
 * and entropy, both as shares of the largest. `content-spread` reads no rating: each item is the
 * one whose content is farthest from those before it.
 *
 * Only items with ratings are asked about, except by `random` and `content-spread`, which read
 * none.
 *
 * @param vectors of the items, for `content-spread`.
 */
export function askingOrder(
  strategy: AskingOrder,
  ratings: TrainingRatings,
  { seed, vectors }: { readonly seed: number; readonly vectors?: ItemVectors | undefined },
): Int32Array {
  const items = Int32Array.from(new Array(ratings.itemCount).keys());
  if (strategy === 'content-spread' && vectors !== undefined) return spread(vectors);
  const uniform = seededUniform(seed, 'asking');
  const ties = items.map((_, item) => item);
  const draws = Float64Array.from(items, () => uniform());
  if (strategy === 'random') return ties.sort((a, b) => (draws[a] as number) - (draws[b] as number));
  const counts = ratingCounts(ratings);
  const score = scoreOf(strategy, counts, ratings.userCount);
  const rated = items.filter((item) => (counts[item]?.ratings ?? 0) > 0);
  const scores = Float64Array.from(items, (item) => score(counts[item] as RatingCounts));
  return rated.sort(
    (a, b) => (scores[b] as number) - (scores[a] as number) || (draws[a] as number) - (draws[b] as number),
  );
}

function scoreOf(
  strategy: Exclude<AskingOrder, 'random'>,
  counts: readonly RatingCounts[],
  userCount: number,
): (of: RatingCounts) => number {
  const most = counts.reduce((largest, { entropy }) => Math.max(largest, entropy), 0);
  const share = (entropy: number) => (most === 0 ? 0 : entropy / most);
  const logShare = (ratings: number) => (userCount < 2 ? 1 : Math.log(ratings) / Math.log(userCount));
  return {
    popularity: ({ ratings }: RatingCounts) => ratings,
    variance: ({ variance }: RatingCounts) => variance,
    entropy: ({ entropy }: RatingCounts) => entropy,
    entropy0: ({ entropy0 }: RatingCounts) => entropy0,
    'log-popularity-entropy': ({ ratings, entropy }: RatingCounts) => Math.log(ratings) * entropy,
    helf: ({ ratings, entropy }: RatingCounts) => {
      const [popular, mixed] = [logShare(ratings), share(entropy)];
      return popular + mixed === 0 ? 0 : (2 * popular * mixed) / (popular + mixed);
    },
    // Without vectors the items are indistinguishable.
    'content-spread': () => 0,
  }[strategy];
}

function ratingCounts({ items, values, itemCount, userCount }: TrainingRatings): RatingCounts[] {
  const given = Array.from({ length: itemCount }, () => new Map<number, number>());
  for (const [row, item] of items.entries()) {
    const value = values[row] as number;
    given[item]?.set(value, (given[item]?.get(value) ?? 0) + 1);
  }
  return given.map((own) => {
    const ratings = [...own.values()].reduce((sum, count) => sum + count, 0);
    const mean = [...own].reduce((sum, [value, count]) => sum + value * count, 0) / Math.max(1, ratings);
    const squares = [...own].reduce((sum, [value, count]) => sum + count * (value - mean) ** 2, 0);
    return {
      ratings,
      variance: squares / Math.max(1, ratings),
      entropy: entropyOf([...own.values()]),
      entropy0: entropyOf([...own.values(), userCount - ratings]),
    };
  });
}

function entropyOf(counts: readonly number[]): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => (count > 0 ? sum - (count / all) * Math.log2(count / all) : sum), 0);
}

/** First the item farthest from the mean, then always the one farthest from all chosen ones. */
function spread({ vectors, dimension }: ItemVectors): Int32Array {
  const count = vectors.length / dimension;
  const distance = (one: number, other: Float32Array | Float64Array, from: number): number => {
    let sum = 0;
    for (let at = 0; at < dimension; at++) {
      sum += ((vectors[one * dimension + at] as number) - (other[from + at] as number)) ** 2;
    }
    return sum;
  };
  const mean = new Float64Array(dimension);
  for (const [at, value] of vectors.entries()) {
    mean[at % dimension] = (mean[at % dimension] as number) + value / count;
  }
  const nearest = Float64Array.from({ length: count }, (_, item) => distance(item, mean, 0));
  const order = new Int32Array(count);
  for (let place = 0; place < count; place++) {
    let farthest = -1;
    for (let item = 0; item < count; item++) {
      const isFarther = farthest < 0 || (nearest[item] as number) > (nearest[farthest] as number);
      if ((nearest[item] as number) >= 0 && isFarther) farthest = item;
    }
    order[place] = farthest;
    for (let item = 0; item < count; item++) {
      const left = nearest[item] as number;
      if (left < 0) continue;
      const from = distance(item, vectors, farthest * dimension);
      nearest[item] = place === 0 ? from : Math.min(left, from);
    }
    // Taken.
    nearest[farthest] = -1;
  }
  return order;
}
