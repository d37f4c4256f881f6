import { randomIntegers } from '../../../core/random-integers.ts';
import { quantile } from '../../analysis/quantile.ts';
import { fitExact } from '../../pca/exact.ts';
import type { Pca } from '../../pca/fitted-pca.ts';
import { IncrementalPca } from '../../pca/incremental.ts';
import { Moments } from '../../pca/moments.ts';
import { giniDecrease } from '../../statistics/gini.ts';
import { dampedMeans } from '../user-mean.ts';
import type { NeuralArchitecture, ReadModality } from './architectures.ts';
import { type ColumnRange, clipColumns } from './column-range.ts';
import { factNames } from './fact-names.ts';
import type { FeatureSource } from './feature-source.ts';
import { knownItems, type TrainingSet } from './training-set.ts';

/** Ratings of the mean of all that a user's own ratings are averaged with. */
const damping = 5;
/** Rows of a stream that its columns are judged by, at most: 48 MB at 600 columns. */
const sampledRows = 20_000;
/** Columns whose covariance is computed; of more, components are found batch by batch. */
const exactColumns = 1024;
/** All dense streams together, beside a stream of zeros and ones. */
const denseShare = 0.5;

/** The expected rating of each user, whatever the item: mu + sum of (r - mu) / (n + 5). */
export function userMeans(set: TrainingSet): Float32Array {
  return Float32Array.from(dampedMeans(set, damping));
}

/**
 * What a residual network knows of its training data, by the names of `factNames`: of the users
 * their means, of each stream how its columns are clipped, centred, scaled and reduced. Fitted on
 * the items that are learnt of (at most 20,000 of their subclips, drawn by the seed), never on
 * those to be predicted.
 */
export async function residualFacts(
  set: TrainingSet,
  { modalities }: Pick<NeuralArchitecture, 'modalities'>,
  features: FeatureSource,
  seed: number,
): Promise<Map<string, Float32Array>> {
  const facts = new Map<string, Float32Array>([[factNames.base, userMeans(set)]]);
  const streams: { modality: ReadModality; range: ColumnRange; axes: Float64Array; isBinary: boolean }[] = [];
  const learnt = await learntRows(set, modalities, features, seed);
  for (const [index, modality] of modalities.entries()) {
    const { rows, count, labels } = learnt[index] as StreamRows;
    const isBinary = rows.every((value) => value === 0 || value === 1);
    const range = clipColumns(rows, count, modality.dimension);
    const axes =
      modality.reduction === 'gini'
        ? chosenColumns(rows, labels, range, modality)
        : await principalAxes(rows, count, range, modality);
    streams.push({ modality, range, axes, isBinary });
  }
  const dense = streams.filter(({ isBinary }) => !isBinary).length;
  const share = dense === streams.length ? 1 : denseShare;
  for (const { modality, range, axes, isBinary } of streams) {
    const { name } = modality;
    const weight = modality.weight ?? (isBinary ? 1 : share / Math.sqrt(dense));
    facts.set(factNames.minimum(name), range.minimum);
    facts.set(factNames.maximum(name), range.maximum);
    facts.set(factNames.mean(name), range.mean);
    facts.set(
      factNames.projection(name),
      Float32Array.from(axes, (value) => value * weight),
    );
  }
  return facts;
}

interface StreamRows {
  readonly rows: Float32Array;
  readonly count: number;
  /** For each row 1 if its item is rated higher than half of the items that are learnt. */
  readonly labels: Uint8Array;
}

/** The subclips of items that are learnt of, for each stream those of the items that have it. */
async function learntRows(
  set: TrainingSet,
  modalities: readonly ReadModality[],
  features: FeatureSource,
  seed: number,
): Promise<StreamRows[]> {
  const known = knownItems(set);
  const learnt = Int32Array.from(known.keys()).filter((item) => known[item] === 1);
  const mostSteps = modalities.reduce((most, { steps }) => Math.max(most, steps), 1);
  const drawn = someOf(learnt, Math.ceil(sampledRows / mostSteps), seed);
  const sizes = modalities.map(({ steps, dimension }) => steps * dimension);
  const all = sizes.map((size) => new Float32Array(drawn.length * size));
  const items = modalities.map(() => 0);
  const liked = ratedHigher(set, learnt);
  const labels = modalities.map(() => new Uint8Array(drawn.length));
  for (const item of drawn) {
    const places = all.map((rows, index) => {
      const size = sizes[index] as number;
      return rows.subarray((items[index] as number) * size, ((items[index] as number) + 1) * size);
    });
    const into = Object.fromEntries(modalities.map(({ name }, index) => [name, places[index] as Float32Array]));
    const present = await features.read(Int32Array.of(item), into);
    for (const [index, { name }] of modalities.entries()) {
      if (present[name]?.[0] !== 1) continue;
      (labels[index] as Uint8Array)[items[index] as number] = liked[item] as number;
      items[index] = (items[index] as number) + 1;
    }
  }
  return modalities.map(({ steps }, index) => {
    const count = items[index] as number;
    return {
      rows: (all[index] as Float32Array).subarray(0, count * (sizes[index] as number)),
      count: count * steps,
      labels: Uint8Array.from(
        { length: count * steps },
        (_, row) => labels[index]?.[Math.floor(row / steps)] as number,
      ),
    };
  });
}

/** At most this many of the items, ascending. */
function someOf(items: Int32Array, limit: number, seed: number): Int32Array {
  if (items.length <= limit) return items;
  const next = randomIntegers(`reelflow-residual-items-1:${seed}`);
  for (let index = 0; index < limit; index++) {
    const other = index + ((next() >>> 0) % (items.length - index));
    const kept = items[index] as number;
    items[index] = items[other] as number;
    items[other] = kept;
  }
  return items.slice(0, limit).sort();
}

/** 1 for each item whose mean rating, shrunk towards the overall mean, is above the median. */
function ratedHigher({ items, values, itemCount }: TrainingSet, learnt: Int32Array): Uint8Array {
  const [sums, counts] = [new Float64Array(itemCount), new Float64Array(itemCount)];
  for (const [row, item] of items.entries()) {
    sums[item] = (sums[item] as number) + (values[row] as number);
    counts[item] = (counts[item] as number) + 1;
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const means = sums.map((sum, item) => (sum + damping * mean) / ((counts[item] as number) + damping));
  const middle = quantile(Float64Array.from(learnt, (item) => means[item] as number).sort(), 0.5);
  return Uint8Array.from(means, (own) => (own > middle ? 1 : 0));
}

/**
 * A projection that keeps the columns that tell best, by a single split, whether an item is rated
 * higher than others (`giniDecrease`), each divided by its deviation and scaled as components are.
 */
function chosenColumns(
  rows: Float32Array,
  labels: Uint8Array,
  { deviation }: ColumnRange,
  { dimension, components }: ReadModality,
): Float64Array {
  const axes = new Float64Array(dimension * components);
  const column = new Float32Array(labels.length);
  const worth = Float64Array.from({ length: dimension }, (_, at) => {
    for (const row of column.keys()) column[row] = rows[row * dimension + at] as number;
    return (deviation[at] as number) > 0 ? giniDecrease(column, labels) : -1;
  });
  const best = [...worth.keys()]
    .sort((a, b) => (worth[b] as number) - (worth[a] as number) || a - b)
    .slice(0, components)
    .filter((at) => (worth[at] as number) >= 0);
  for (const [axis, at] of best.entries()) {
    axes[at * components + axis] = 1 / ((deviation[at] as number) * Math.sqrt(best.length));
  }
  return axes;
}

/**
 * The projection [dimension, components] of centred columns: each divided by its deviation, reduced
 * to principal components where there are more columns than these, and scaled so that a row's
 * squared length is 1 on average.
 */
async function principalAxes(
  rows: Float32Array,
  count: number,
  { mean, deviation }: ColumnRange,
  { dimension, components }: ReadModality,
): Promise<Float64Array> {
  const axes = new Float64Array(dimension * components);
  const inverse = deviation.map((value) => (value > 0 ? 1 / value : 0));
  const varying = inverse.filter((value) => value > 0).length;
  if (varying === 0 || count < 2) return axes;
  if (dimension <= components) {
    for (const [column, factor] of inverse.entries()) {
      axes[column * components + column] = factor / Math.sqrt(varying);
    }
    return axes;
  }
  const standard = rows.map(
    (value, at) => (value - (mean[at % dimension] as number)) * (inverse[at % dimension] as number),
  );
  const pca = await fitPca(standard, count, dimension, Math.min(components, count - 1));
  const length = Math.sqrt(pca.explainedVariance.reduce((sum, value) => sum + value, 0));
  for (let axis = 0; axis < pca.components; axis++) {
    for (const [column, factor] of inverse.entries()) {
      axes[column * components + axis] = ((pca.axes[axis * dimension + column] as number) * factor) / length;
    }
  }
  return axes;
}

async function fitPca(rows: Float32Array, count: number, dimension: number, components: number): Promise<Pca> {
  if (dimension > exactColumns) {
    const pca = new IncrementalPca({ components, batchSize: Math.max(256, 2 * components) });
    await pca.add(rows, count);
    return pca.finish();
  }
  const moments = new Moments(dimension);
  await moments.add(rows, count);
  return fitExact(moments, { components });
}
