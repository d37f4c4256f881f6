import { fitExact } from '../pca/exact.ts';
import { transform } from '../pca/fitted-pca.ts';
import { Moments } from '../pca/moments.ts';
import type { Points } from './points.ts';

/** Components that points are given in at most. */
const KEPT_COMPONENTS = 64;
/** Up to so many values a row all components are computed, beyond that the first 1,000. */
const WHOLE_DIMENSIONS = 1024;
const LEADING = 1000;
/** A covariance takes no more products than this: of longer rows fewer are added up. */
const MOST_PRODUCTS = 2e11;

/** Points in their first principal components. */
export interface LeadingComponents {
  /** float32: the points in at most 64 components. */
  readonly points: Points;
  /** Shares of the variance, largest first: of all components, of long rows of the first 1,000. */
  readonly spectrum: Float64Array;
  /** How many rows, evenly taken, the components are of. */
  readonly rows: number;
}

/** The points in their first principal components; undefined for points of one value. */
export async function leadingComponents(points: Points): Promise<LeadingComponents | undefined> {
  const { dimension, count } = points;
  if (dimension < 2) return undefined;
  const values = points.values instanceof Float32Array ? points.values : Float32Array.from(points.values);
  const moments = new Moments(dimension);
  const rows = Math.min(count, Math.max(2, Math.floor(MOST_PRODUCTS / dimension ** 2)));
  if (rows === count) await moments.add(values, count);
  else {
    for (let place = 0; place < rows; place++) {
      const row = Math.floor((place * count) / rows);
      await moments.add(values.subarray(row * dimension, (row + 1) * dimension), 1);
    }
  }
  const most = Math.min(rows - 1, dimension, dimension <= WHOLE_DIMENSIONS ? dimension : LEADING);
  const pca = await fitExact(moments, { components: most });
  const kept = Math.min(KEPT_COMPONENTS, most);
  const first = { ...pca, components: kept, axes: pca.axes.subarray(0, kept * dimension) };
  return {
    points: { values: await transform(first, values, count), count, dimension: kept },
    spectrum: pca.explainedVarianceRatio,
    rows,
  };
}
