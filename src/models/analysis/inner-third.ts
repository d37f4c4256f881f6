import { gaussianOf, invertible, squaredMahalanobis } from './gaussian.ts';
import { coordinate, type Points } from './points.ts';
import { quantile } from './quantile.ts';

/**
 * Which points are a group's inner third: `nearest`, the third of them nearest to the group's
 * median by Mahalanobis distance; `axis`, those that lie between the 33rd and 67th percentile in
 * every coordinate.
 */
export type InnerRule = 'nearest' | 'axis';

/** The rows of the inner third of a group, ascending. */
export function innerThird(group: Points, rule: InnerRule): Int32Array {
  return rule === 'axis' ? betweenPercentiles(group) : nearestToMedian(group);
}

function betweenPercentiles(group: Points): Int32Array {
  const rows = new Set(Array.from({ length: group.count }, (_, row) => row));
  for (let axis = 0; axis < group.dimension; axis++) {
    const values = coordinate(group, axis);
    const ascending = values.slice().sort();
    const [least, most] = [quantile(ascending, 0.33), quantile(ascending, 0.67)];
    for (const row of rows) {
      const value = values[row] as number;
      if (value < least || value > most) rows.delete(row);
    }
  }
  return Int32Array.from(rows);
}

function nearestToMedian(group: Points): Int32Array {
  const { values, count, dimension } = group;
  const { factor } = invertible(gaussianOf(group));
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  const kept = Math.ceil(count / 3);
  // Points without any spread are all equally near.
  if (factor === undefined) return rows.subarray(0, kept);
  const median = Float64Array.from({ length: dimension }, (_, axis) => quantile(coordinate(group, axis).sort(), 0.5));
  const offset = new Float64Array(dimension);
  const distances = Float64Array.from({ length: count }, (_, row) => {
    for (let axis = 0; axis < dimension; axis++) {
      offset[axis] = (values[row * dimension + axis] as number) - (median[axis] as number);
    }
    return squaredMahalanobis(factor, offset);
  });
  rows.sort((left, right) => (distances[left] as number) - (distances[right] as number) || left - right);
  return rows.subarray(0, kept).sort();
}
