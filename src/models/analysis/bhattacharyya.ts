import { type Gaussian, gaussianOf, invertible, squaredMahalanobis } from './gaussian.ts';
import { type InnerRule, innerThird } from './inner-third.ts';
import { type Points, pointsAt } from './points.ts';

/** A group of fewer points has no coefficient. */
export const LEAST_GROUP = 10;

/** How much groups overlap, pair by pair. */
export interface Overlaps {
  readonly names: readonly string[];
  /** How many points each group has, and how many of them are its inner third. */
  readonly counts: readonly { readonly all: number; readonly inner: number }[];
  /**
   * float64[groups x groups]: Bhattacharyya coefficients, 1 for the same distribution, towards 0
   * for distributions apart; NaN where a group has fewer than ten points.
   */
  readonly coefficients: Float64Array;
  /** Groups whose covariance had no inverse, and was given a ridge. */
  readonly ridged: number;
}

/** Points by group: the rows of each, which may be in several. */
export type Groups = ReadonlyMap<string, Int32Array>;

/**
 * The Bhattacharyya coefficient of two normal distributions (Bhattacharyya, 1943; Kailath, 1967),
 * BC = exp(-D) with S = (S1 + S2) / 2:
 *
 *     D = 1/8 (m1 - m2)' S^-1 (m1 - m2) + 1/2 ln(det S / sqrt(det S1 det S2))
 *
 * NaN when a covariance has no determinant above 0.
 */
export function bhattacharyya(left: Gaussian, right: Gaussian): number {
  const { dimension } = left;
  const [first, second] = [invertible(left), invertible(right)];
  const between = new Float64Array(dimension * dimension);
  for (let at = 0; at < between.length; at++) {
    between[at] = ((first.covariance[at] as number) + (second.covariance[at] as number)) / 2;
  }
  const middle = invertible({ ...left, covariance: between }).factor;
  if (first.factor === undefined || second.factor === undefined || middle === undefined) return Number.NaN;
  const apart = left.mean.map((value, axis) => value - (right.mean[axis] as number));
  const logDeterminants = (first.factor.logDeterminant + second.factor.logDeterminant) / 2;
  return Math.exp(-squaredMahalanobis(middle, apart) / 8 - (middle.logDeterminant - logDeterminants) / 2);
}

/**
 * How much every two groups overlap, as normal distributions of the inner third of each.
 *
 * @param rule what the inner third is; default the third nearest to the group's median.
 * @example
 * declare const plane: Points;
 * const groups = new Map([['Drama', Int32Array.of(0, 1, 4)], ['Comedy', Int32Array.of(2, 3, 5)]]);
 * const { names, coefficients } = overlaps(plane, groups);
 */
export function overlaps(points: Points, groups: Groups, rule: InnerRule = 'nearest'): Overlaps {
  const names = [...groups.keys()];
  let ridged = 0;
  const sides = names.map((name) => {
    const group = pointsAt(points, groups.get(name) as Int32Array);
    if (group.count < LEAST_GROUP) return { all: group.count, inner: 0, gaussian: undefined };
    const inner = pointsAt(group, innerThird(group, rule));
    const gaussian = inner.count > 1 ? gaussianOf(inner) : undefined;
    if (gaussian !== undefined && invertible(gaussian).ridged) ridged++;
    return { all: group.count, inner: inner.count, gaussian };
  });
  const coefficients = new Float64Array(names.length ** 2);
  for (const [row, left] of sides.entries()) {
    for (const [column, right] of sides.entries()) {
      coefficients[row * names.length + column] =
        left.gaussian === undefined || right.gaussian === undefined
          ? Number.NaN
          : bhattacharyya(left.gaussian, right.gaussian);
    }
  }
  return { names, counts: sides.map(({ all, inner }) => ({ all, inner })), coefficients, ridged };
}
