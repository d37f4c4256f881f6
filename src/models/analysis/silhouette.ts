import { Breather } from '../../core/breather.ts';
import { squaredDistances } from './nearest-points.ts';
import type { Points } from './points.ts';

/**
 * The mean silhouette of points that are in one group each (Rousseeuw, 1987): (b - a) / max(a, b),
 * where a is a point's mean distance to its own group and b that to the nearest other group. From
 * -1 to 1; about 0 where groups do not differ; a point alone in its group counts 0. NaN with fewer
 * than two groups.
 *
 * @param groups int32[count]: the group of each point, from 0.
 * @param asked the rows to take the mean over.
 */
export async function silhouette(points: Points, groups: Int32Array, asked: Int32Array): Promise<number> {
  const sizes: number[] = [];
  for (const group of groups) sizes[group] = (sizes[group] ?? 0) + 1;
  if (sizes.filter((size) => size > 0).length < 2) return Number.NaN;
  const breather = new Breather();
  const distances = new Float64Array(points.count);
  const sums = new Float64Array(sizes.length);
  let total = 0;
  for (const row of asked) {
    squaredDistances(points, row, distances);
    sums.fill(0);
    for (const [other, group] of groups.entries()) {
      sums[group] = (sums[group] as number) + Math.sqrt(distances[other] as number);
    }
    total += silhouetteOf(sums, sizes, groups[row] as number);
    if (breather.isDue) await breather.rest();
  }
  return total / asked.length;
}

function silhouetteOf(sums: Float64Array, sizes: readonly number[], own: number): number {
  if ((sizes[own] as number) < 2) return 0;
  const within = (sums[own] as number) / ((sizes[own] as number) - 1);
  let nearest = Number.POSITIVE_INFINITY;
  for (const [group, size] of sizes.entries()) {
    if (group !== own && size > 0) nearest = Math.min(nearest, (sums[group] as number) / size);
  }
  const most = Math.max(within, nearest);
  return most === 0 ? 0 : (nearest - within) / most;
}
