import { Breather } from '../../core/breather.ts';
import type { NeighbourLists } from './connected-neighbours.ts';
import type { Points } from './points.ts';

/**
 * The k nearest of each point's candidates, by their distances in the points themselves, nearest
 * first; of equally near ones the candidate that came first.
 */
export async function rankedNeighbours(
  { values, count, dimension }: Points,
  candidates: NeighbourLists,
  k: number,
): Promise<NeighbourLists> {
  const breather = new Breather();
  const runs = new Int32Array(count);
  const indices = new Int32Array(count * k);
  const distances = new Float64Array(count * k);
  let [from, to] = [0, 0];
  for (let point = 0; point < count; point++) {
    const run = candidates.runs[point] as number;
    const own = Array.from(candidates.indices.subarray(from, from + run), (other) => {
      let sum = 0;
      for (let axis = 0, at = point * dimension, there = other * dimension; axis < dimension; axis++, at++, there++) {
        sum += ((values[at] as number) - (values[there] as number)) ** 2;
      }
      return { other, distance: Math.sqrt(sum) };
    });
    own.sort((one, next) => one.distance - next.distance);
    runs[point] = Math.min(k, run);
    for (const { other, distance } of own.slice(0, k)) {
      indices[to] = other;
      distances[to] = distance;
      to++;
    }
    from += run;
    if (breather.isDue) await breather.rest();
  }
  return { runs, indices: indices.subarray(0, to), distances: distances.subarray(0, to) };
}
