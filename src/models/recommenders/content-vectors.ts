import type { ItemVectors } from './item-vectors.ts';
import type { StreamReduction } from './neural/architectures.ts';
import { factNames } from './neural/fact-names.ts';
import type { FeatureSource } from './neural/feature-source.ts';
import { residualFacts } from './neural/residual-facts.ts';
import type { TrainingRatings } from './recommender.ts';

/** A stream that the vectors are made from. */
export interface VectorStream {
  readonly name: string;
  readonly dimension: number;
  readonly steps: number;
  /** Undefined: weighted as in residual networks. */
  readonly weight?: number | undefined;
}

/**
 * One vector for each item from its features: each stream clipped, standardised and reduced to
 * principal components as a residual network reads it (fitted on the items with training ratings),
 * averaged over the subclips, streams side by side. Zeros for an item, or a stream of it, without
 * features.
 *
 * @param has whether an item has features.
 */
export async function contentVectors(
  ratings: TrainingRatings,
  features: FeatureSource,
  streams: readonly VectorStream[],
  {
    components,
    seed,
    has,
    reduction = 'pca',
  }: {
    readonly components: number;
    readonly seed: number;
    readonly has: (item: number) => boolean;
    readonly reduction?: StreamReduction | undefined;
  },
): Promise<ItemVectors> {
  const modalities = streams.map((stream) => ({
    ...stream,
    ...{ lstm: [], pool: 'mean' as const, reduction, weight: stream.weight },
    components: Math.min(components, stream.dimension),
  }));
  const facts = await residualFacts(ratings, { modalities }, features, seed);
  const fact = (name: string) => facts.get(name) as Float32Array;
  const dimension = modalities.reduce((sum, modality) => sum + modality.components, 0);
  const vectors = new Float32Array(ratings.itemCount * dimension);
  const into = Object.fromEntries(
    modalities.map(({ name, steps, dimension: of }) => [name, new Float32Array(steps * of)]),
  );
  for (let item = 0; item < ratings.itemCount; item++) {
    if (!has(item)) continue;
    const present = await features.read(Int32Array.of(item), into);
    let start = item * dimension;
    for (const { name, dimension: columns, components: axes } of modalities) {
      if (present[name]?.[0] === 1) {
        const [low, high] = [fact(factNames.minimum(name)), fact(factNames.maximum(name))];
        const range = { low, high, mean: fact(factNames.mean(name)), projection: fact(factNames.projection(name)) };
        project(into[name] as Float32Array, range, columns, vectors.subarray(start, start + axes));
      }
      start += axes;
    }
  }
  return { vectors, dimension };
}

/** The mean over the rows of (clipped row - mean) x projection. */
function project(
  rows: Float32Array,
  range: Readonly<Record<'low' | 'high' | 'mean' | 'projection', Float32Array>>,
  columns: number,
  out: Float32Array,
): void {
  const { low, high, mean, projection } = range;
  const middle = new Float64Array(columns);
  for (const [at, value] of rows.entries()) {
    const column = at % columns;
    const clipped = Math.min(high[column] as number, Math.max(low[column] as number, value));
    middle[column] = (middle[column] as number) + clipped - (mean[column] as number);
  }
  const steps = rows.length / columns;
  const axes = out.length;
  for (let axis = 0; axis < axes; axis++) {
    let sum = 0;
    for (let column = 0; column < columns; column++)
      sum += (middle[column] as number) * (projection[column * axes + axis] as number);
    out[axis] = sum / steps;
  }
}
