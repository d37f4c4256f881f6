import type { Breather } from '../../core/breather.ts';
import { Nearest } from '../recommenders/nearest-neighbours.ts';
import type { Points } from './points.ts';

/** Squared Euclidean distances of one point to all, itself included. */
export function squaredDistances({ values, count, dimension }: Points, row: number, into: Float64Array): Float64Array {
  const own = row * dimension;
  for (let other = 0; other < count; other++) {
    const start = other * dimension;
    let sum = 0;
    for (let axis = 0; axis < dimension; axis++) {
      const apart = (values[own + axis] as number) - (values[start + axis] as number);
      sum += apart * apart;
    }
    into[other] = sum;
  }
  return into;
}

/** The places of the least distances but `row` itself, in no order; valid until the next call. */
export function nearestOf(distances: Float64Array, row: number, nearest: Nearest): Int32Array {
  nearest.clear();
  for (let other = 0; other < distances.length; other++) {
    if (other !== row) nearest.offer(other, -(distances[other] as number));
  }
  return nearest.places.subarray(0, nearest.size);
}

/**
 * The k nearest others of each asked point, exactly, by Euclidean distance; of equally near ones
 * those that come first. int32[rows x k].
 */
export async function nearestPoints(
  points: Points,
  rows: ArrayLike<number>,
  k: number,
  breather: Breather,
): Promise<Int32Array> {
  const found = new Int32Array(rows.length * k);
  const distances = new Float64Array(points.count);
  const nearest = new Nearest(k);
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] as number;
    squaredDistances(points, row, distances);
    found.set(nearestOf(distances, row, nearest), place * k);
    if (breather.isDue) await breather.rest();
  }
  return found;
}
