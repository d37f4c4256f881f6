import { Breather } from '../../core/breather.ts';
import type { Groups } from './bhattacharyya.ts';
import { squaredDistances } from './nearest-points.ts';
import type { Points } from './points.ts';

/**
 * The mean silhouette of points in groups (Rousseeuw, 1987): (b - a) / max(a, b), where a is a
 * point's mean distance to the others of its own group and b that to the nearest other group. From
 * -1 to 1; about 0 where groups do not differ; a point alone in its group counts 0. NaN with fewer
 * than two groups, or when no point asked is in one.
 *
 * A point in several groups, such as a movie of several genres, counts once for each of them; its
 * other groups are not among those that the nearest is chosen from. One that is in all, or in none,
 * does not count.
 *
 * @param asked the rows to take the mean over.
 */
export async function silhouette(points: Points, groups: Groups, asked: Int32Array): Promise<number> {
  const members = [...groups.values()].filter((rows) => rows.length > 0);
  if (members.length < 2) return Number.NaN;
  const groupsOf = new Map<number, number[]>(Array.from(asked, (row) => [row, []]));
  for (const [group, rows] of members.entries()) for (const row of rows) groupsOf.get(row)?.push(group);
  const breather = new Breather();
  const distances = new Float64Array(points.count);
  let [total, counted] = [0, 0];
  for (const row of asked) {
    const own = groupsOf.get(row) ?? [];
    if (own.length === 0 || own.length === members.length) continue;
    squaredDistances(points, row, distances);
    for (let other = 0; other < distances.length; other++) distances[other] = Math.sqrt(distances[other] as number);
    const sums = members.map((rows) => rows.reduce((sum, other) => sum + (distances[other] as number), 0));
    const others = sums.map((sum, group) => (own.includes(group) ? Number.POSITIVE_INFINITY : sum / sizeOf(group)));
    const nearest = Math.min(...others);
    for (const group of own) {
      total += sizeOf(group) < 2 ? 0 : between((sums[group] as number) / (sizeOf(group) - 1), nearest);
      counted++;
    }
    if (breather.isDue) await breather.rest();
  }
  return counted === 0 ? Number.NaN : total / counted;

  function sizeOf(group: number): number {
    return members[group]?.length ?? 0;
  }
}

function between(within: number, nearest: number): number {
  const most = Math.max(within, nearest);
  return most === 0 ? 0 : (nearest - within) / most;
}
