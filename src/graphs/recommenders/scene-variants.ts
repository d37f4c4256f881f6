import type { FurtherItem } from './further-items.ts';
import type { ItemFeatures } from './store-features.ts';

/**
 * The item with only some of its subclips: all others are replaced by the mean of these, so that
 * the number of subclips is still the one that the recommender learnt.
 *
 * @param kept the subclips to keep; at least one.
 */
export function withSubclips(item: FurtherItem, kept: ReadonlySet<number>, subclips: number): FurtherItem {
  return { ...item, vectors: mapped(item.vectors, (values) => replaced(values, subclips, kept, kept)) };
}

/** The item with one subclip replaced by the mean of all. */
export function withoutSubclip(item: FurtherItem, left: number, subclips: number): FurtherItem {
  const all = new Set(Array.from({ length: subclips }, (_, subclip) => subclip));
  const kept = new Set([...all].filter((subclip) => subclip !== left));
  return { ...item, vectors: mapped(item.vectors, (values) => replaced(values, subclips, kept, all)) };
}

function mapped(vectors: ItemFeatures, change: (values: Float32Array) => Float32Array): ItemFeatures {
  return Object.fromEntries(
    Object.entries(vectors).map(([name, values]) => [name, values === undefined ? undefined : change(values)]),
  );
}

/** The rows in `kept`, with all others replaced by the mean of those in `averaged`. */
function replaced(
  values: Float32Array,
  subclips: number,
  kept: ReadonlySet<number>,
  averaged: ReadonlySet<number>,
): Float32Array {
  const dimension = values.length / subclips;
  const mean = new Float64Array(dimension);
  for (const row of averaged) {
    for (let axis = 0; axis < dimension; axis++) {
      mean[axis] = (mean[axis] as number) + (values[row * dimension + axis] as number) / averaged.size;
    }
  }
  const changed = values.slice();
  for (let row = 0; row < subclips; row++) if (!kept.has(row)) changed.set(mean, row * dimension);
  return changed;
}
