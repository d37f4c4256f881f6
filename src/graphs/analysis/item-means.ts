import type { Points } from '../../models/analysis/points.ts';
import type { FeatureRows } from './feature-rows.ts';

/** The mean of each item's rows, in the order of its ids. */
export function itemMeans({ points, items, itemIds }: FeatureRows): Points {
  const { dimension } = points;
  const values = new Float64Array(itemIds.length * dimension);
  const counts = new Int32Array(itemIds.length);
  for (const [row, item] of items.entries()) {
    counts[item] = (counts[item] as number) + 1;
    for (let axis = 0; axis < dimension; axis++) {
      const at = item * dimension + axis;
      values[at] = (values[at] as number) + (points.values[row * dimension + axis] as number);
    }
  }
  for (let at = 0; at < values.length; at++) {
    values[at] = (values[at] as number) / (counts[Math.floor(at / dimension)] as number);
  }
  return { values, count: itemIds.length, dimension };
}
