import { checkInteger } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { randomIntegers } from '../core/random-integers.ts';

/** Rows in clusters. */
export interface Clusters {
  /** int32[rows]: the cluster of each row. */
  readonly of: Int32Array;
  /** float64[k x dimension], row-major. */
  readonly centres: Float64Array;
  /** Sum over the rows of the squared distance to the centre of their cluster. */
  readonly inertia: number;
  readonly iterations: number;
}

/**
 * Clusters rows by k-means (Lloyd 1982) from centres drawn as k-means++ does (Arthur and
 * Vassilvitskii 2007), the best of some starts. A cluster that loses its rows begins again at the
 * row that is farthest from its centre.
 *
 * @param rows [count x dimension], row-major.
 * @throws UsageError when there are fewer rows than clusters.
 * @example
 * const vectors = new Float32Array(1000 * 18);
 * const { of, inertia } = kMeans(vectors, 18, { k: 20, seed: 1 });
 */
export function kMeans(
  rows: Float32Array,
  dimension: number,
  {
    k,
    seed,
    iterations = 100,
    starts = 10,
  }: {
    readonly k: number;
    readonly seed: number;
    /** At most; default 100. */
    readonly iterations?: number | undefined;
    /** Default 10. */
    readonly starts?: number | undefined;
  },
): Clusters {
  const count = rows.length / checkInteger('dimension', dimension);
  if (checkInteger('k', k) > count) throw new UsageError(`\`k\` must be at most the ${count} rows, but is ${k}`);
  let best: Clusters | undefined;
  for (let start = 0; start < checkInteger('starts', starts); start++) {
    const next = randomIntegers(`reelflow-k-means-1:${seed}:${start}`);
    const uniform = () => (next() >>> 0) / 2 ** 32;
    const found = lloyd(rows, dimension, firstCentres(rows, dimension, k, uniform), iterations);
    if (best === undefined || found.inertia < best.inertia) best = found;
  }
  return best as Clusters;
}

function squaredDistance(rows: Float32Array, row: number, centres: Float64Array, centre: number, dimension: number) {
  let sum = 0;
  for (let at = 0; at < dimension; at++) {
    const difference = (rows[row * dimension + at] as number) - (centres[centre * dimension + at] as number);
    sum += difference * difference;
  }
  return sum;
}

/**
 * Each centre a row, drawn with a probability that grows with its squared distance to the others:
 * of 2 + ln k such rows the one that leaves the others nearest, as scikit-learn has it.
 */
function firstCentres(rows: Float32Array, dimension: number, k: number, uniform: () => number): Float64Array {
  const count = rows.length / dimension;
  const centres = new Float64Array(k * dimension);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let centre = 0; centre < k; centre++) {
    const trials = centre === 0 ? 1 : 2 + Math.floor(Math.log(k));
    let best: { readonly row: number; readonly nearest: Float64Array; readonly sum: number } | undefined;
    for (let trial = 0; trial < trials; trial++) {
      const row = centre === 0 ? Math.floor(uniform() * count) : drawnBy(nearest, uniform);
      centres.set(rows.subarray(row * dimension, (row + 1) * dimension), centre * dimension);
      const left = nearest.map((least, other) =>
        Math.min(least, squaredDistance(rows, other, centres, centre, dimension)),
      );
      const sum = left.reduce((total, value) => total + value, 0);
      if (best === undefined || sum < best.sum) best = { row, nearest: left, sum };
    }
    const { row, nearest: left } = best as NonNullable<typeof best>;
    centres.set(rows.subarray(row * dimension, (row + 1) * dimension), centre * dimension);
    nearest.set(left);
  }
  return centres;
}

/** A place, drawn with a probability that grows with its weight; any where all weights are 0. */
function drawnBy(weights: Float64Array, uniform: () => number): number {
  let left = uniform() * weights.reduce((sum, value) => sum + value, 0);
  const drawn = weights.findIndex((value) => {
    left -= value;
    return left < 0;
  });
  return drawn < 0 ? Math.floor(uniform() * weights.length) : drawn;
}

function lloyd(rows: Float32Array, dimension: number, centres: Float64Array, most: number): Clusters {
  const [count, k] = [rows.length / dimension, centres.length / dimension];
  const of = new Int32Array(count).fill(-1);
  const distances = new Float64Array(count);
  for (let iteration = 1; ; iteration++) {
    let moved = false;
    for (let row = 0; row < count; row++) {
      let [nearest, least] = [0, Number.POSITIVE_INFINITY];
      for (let centre = 0; centre < k; centre++) {
        const distance = squaredDistance(rows, row, centres, centre, dimension);
        if (distance < least) [nearest, least] = [centre, distance];
      }
      moved ||= of[row] !== nearest;
      of[row] = nearest;
      distances[row] = least;
    }
    if (!moved || iteration > most) {
      return { of, centres, inertia: distances.reduce((sum, value) => sum + value, 0), iterations: iteration };
    }
    moveCentres(rows, dimension, centres, of, distances);
  }
}

function moveCentres(
  rows: Float32Array,
  dimension: number,
  centres: Float64Array,
  of: Int32Array,
  distances: Float64Array,
): void {
  const k = centres.length / dimension;
  const counts = new Int32Array(k);
  centres.fill(0);
  for (const [row, centre] of of.entries()) {
    counts[centre] = (counts[centre] as number) + 1;
    for (let at = 0; at < dimension; at++) {
      centres[centre * dimension + at] =
        (centres[centre * dimension + at] as number) + (rows[row * dimension + at] as number);
    }
  }
  for (let centre = 0; centre < k; centre++) {
    if (counts[centre] === 0) {
      const farthest = distances.indexOf(distances.reduce((most, each) => Math.max(most, each), 0));
      centres.set(rows.subarray(farthest * dimension, (farthest + 1) * dimension), centre * dimension);
      distances[farthest] = 0;
      continue;
    }
    for (let at = 0; at < dimension; at++) {
      centres[centre * dimension + at] = (centres[centre * dimension + at] as number) / (counts[centre] as number);
    }
  }
}
