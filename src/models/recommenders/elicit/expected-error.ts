import type { ItemFactors, TrainingRatings } from '../recommender.ts';
import type { NextQuestion } from './next-question.ts';

/**
 * Asks about the item whose rating is expected to lower the error over all items most, weighted by
 * how likely the item is to be rated at all: the greedy A-optimal design for ratings
 * r = b + <p, q_i> + noise of variance 1, with b and p drawn from N(0, 1) and item factors q_i
 * scaled to a mean squared length of 1. With the covariance S of (b, p) after the answers so far,
 * x_i = (1, q_i), and M the sum of x_j x_j' over items by their number of ratings, the fall is
 * x_i' S M S x_i / (1 + x_i' S x_i).
 *
 * Only which questions were answered matters, not the ratings given: every answer narrows S, and a
 * question without an answer tells nothing.
 *
 * @param factors the item factors of a recommender that was fitted on these ratings.
 */
export function byExpectedError(ratings: TrainingRatings, { values, dimension }: ItemFactors): NextQuestion {
  const { itemCount, userCount } = ratings;
  const counts = new Float64Array(itemCount);
  for (const item of ratings.items) counts[item] = (counts[item] as number) + 1;
  const candidates = [...counts.keys()].filter((item) => (counts[item] as number) > 0);
  const size = dimension + 1;
  let squares = 0;
  for (const item of candidates) {
    for (let at = 0; at < dimension; at++) squares += (values[item * dimension + at] as number) ** 2;
  }
  const scale = squares === 0 ? 0 : Math.sqrt(candidates.length / squares);
  const x = (item: number) =>
    Float64Array.from({ length: size }, (_, at) =>
      at === 0 ? 1 : scale * (values[item * dimension + at - 1] as number),
    );
  const rows = new Map(candidates.map((item) => [item, x(item)]));
  const importance = new Float64Array(size * size);
  for (const [item, row] of rows) {
    const share = (counts[item] as number) / ratings.items.length;
    for (let at = 0; at < importance.length; at++) {
      const product = (row[Math.floor(at / size)] as number) * (row[at % size] as number);
      importance[at] = (importance[at] as number) + share * product;
    }
  }
  return (asked) => {
    const covariance = Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
    for (const { item, answer } of asked) {
      const row = rows.get(item);
      if (answer !== undefined && row !== undefined) narrow(covariance, row);
    }
    const done = new Set(asked.map(({ item }) => item));
    let [best, most] = [undefined as number | undefined, -1];
    for (const [item, row] of rows) {
      if (done.has(item)) continue;
      const moved = times(covariance, row);
      const fall = inner(moved, times(importance, moved)) / (1 + inner(row, moved));
      const worth = ((counts[item] as number) / userCount) * fall;
      if (worth > most) [best, most] = [item, worth];
    }
    return best;
  };
}

/** The covariance after a rating of x: S - S x x' S / (1 + x' S x), in place. */
function narrow(covariance: Float64Array, row: Float64Array): void {
  const moved = times(covariance, row);
  const share = 1 / (1 + inner(row, moved));
  for (let at = 0; at < covariance.length; at++) {
    const product = (moved[Math.floor(at / row.length)] as number) * (moved[at % row.length] as number);
    covariance[at] = (covariance[at] as number) - share * product;
  }
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  return vector.map((_, row) => {
    let sum = 0;
    for (let at = 0; at < vector.length; at++) {
      sum += (matrix[row * vector.length + at] as number) * (vector[at] as number);
    }
    return sum;
  });
}

function inner(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}
