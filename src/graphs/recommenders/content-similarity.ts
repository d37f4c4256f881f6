import { TopFound } from '../../models/analysis/top-found.ts';
import { GenreSets, type GenreTable } from '../../models/genres.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import type { StoreFeatures } from './store-features.ts';

/** What items are compared by. */
export type SimilarityBasis = 'features' | 'genres';

/** A rated item that resembles another in content. */
export interface SimilarItem {
  readonly item: number;
  /** -1 to 1; 0 to 1 for genres. */
  readonly similarity: number;
  readonly basis: SimilarityBasis;
}

/**
 * Mean vectors of an item, stream by stream, each of length 1; undefined if there is no such
 * stream, or if it is all zeros.
 */
type Summary = readonly (Float32Array | undefined)[];

/** Maximum bytes of summaries to keep; those of further items are read for each question. */
const MOST_BYTES = 512 * 2 ** 20;

const similarities = new WeakMap<object, ContentSimilarity>();

/**
 * The similarity of a recommender's items, created once so that what it has read stays in memory.
 */
export function similarityOf(model: LoadedRecommender): ContentSimilarity {
  const known = similarities.get(model.saved);
  if (known !== undefined) return known;
  const similarity = new ContentSimilarity(model.features, model.genres, model.saved.catalogue.length);
  similarities.set(model.saved, similarity);
  return similarity;
}

/**
 * How similar items are in content: the mean, over the streams that both have, of the cosine of
 * their mean feature vectors (means over the subclips). If one of them has no features, the cosine
 * of their genre one-hots. Summaries (one float32 vector per stream) are read once for each item
 * and kept, up to 512 MiB.
 */
export class ContentSimilarity {
  readonly #features: StoreFeatures | undefined;
  readonly #genres: GenreSets | undefined;
  readonly #itemCount: number;
  readonly #summaries = new Map<number, Summary>();
  /** Bytes of the summaries that are kept. */
  #bytes = 0;

  constructor(features: StoreFeatures | undefined, genres: GenreTable | undefined, itemCount: number) {
    this.#features = features;
    this.#itemCount = itemCount;
    this.#genres = genres && new GenreSets(genres, itemCount);
  }

  /**
   * The `count` items of `others` most similar to `item`, the most similar first; ties by lower
   * number. Those that cannot be compared are left out.
   */
  async nearest(item: number, others: Iterable<number>, count: number): Promise<SimilarItem[]> {
    const top = new TopFound<SimilarItem>(count);
    const own = await this.#summaryOf(item);
    for (const other of [...others].sort((a, b) => a - b)) {
      // Items that have been read need no turn of the event loop each: there may be many thousands.
      const summary =
        this.#summaries.get(other) ?? (this.#hasFeatures(other) ? await this.#summaryOf(other) : undefined);
      const similarity = own && summary ? meanCosine(own, summary) : undefined;
      if (similarity !== undefined) {
        if (top.takes(similarity)) top.add({ item: other, similarity, basis: 'features' });
        continue;
      }
      const squared = this.#genres?.squaredCosine(item, other) ?? 0;
      if (squared > 0) top.add({ item: other, similarity: Math.sqrt(squared), basis: 'genres' });
    }
    return top.sorted();
  }

  /** Reads the summaries of all items, as many as can be kept, before they are needed. */
  async readAll(signal: AbortSignal): Promise<void> {
    for (let item = 0; item < this.#itemCount && this.#bytes < MOST_BYTES; item++) {
      if (signal.aborted) return;
      if (this.#hasFeatures(item)) await this.#summaryOf(item);
    }
  }

  #hasFeatures(item: number): boolean {
    return this.#features?.has(item) === true;
  }

  async #summaryOf(item: number): Promise<Summary | undefined> {
    const known = this.#summaries.get(item);
    if (known !== undefined || this.#features === undefined || !this.#hasFeatures(item)) return known;
    const { modalities } = this.#features;
    const vectors = await this.#features.vectorsOf(item);
    const summary = modalities.map(({ name, dimension }) => {
      const rows = vectors[name];
      return rows && unitMean(rows, dimension);
    });
    if (this.#bytes < MOST_BYTES) {
      this.#summaries.set(item, summary);
      this.#bytes += modalities.reduce((sum, { dimension }) => sum + 4 * dimension, 0);
    }
    return summary;
  }
}

/** The direction of the mean of the rows. */
function unitMean(rows: Float32Array, dimension: number): Float32Array | undefined {
  const sum = new Float64Array(dimension);
  for (let start = 0; start < rows.length; start += dimension) {
    for (let axis = 0; axis < dimension; axis++) {
      sum[axis] = (sum[axis] as number) + (rows[start + axis] as number);
    }
  }
  const length = Math.sqrt(product(sum, sum));
  return length > 0 ? Float32Array.from(sum, (value) => value / length) : undefined;
}

/** The mean over the streams that both have; undefined if there are none. */
function meanCosine(one: Summary, other: Summary): number | undefined {
  let [sum, streams] = [0, 0];
  for (let stream = 0; stream < one.length; stream++) {
    const [left, right] = [one[stream], other[stream]];
    if (left === undefined || right === undefined) continue;
    sum += product(left, right);
    streams++;
  }
  return streams > 0 ? sum / streams : undefined;
}

/** Uses four separate sums, which a processor adds in parallel. */
function product(left: Float32Array | Float64Array, right: Float32Array | Float64Array): number {
  let [one, two, three, four] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 3 < left.length; at += 4) {
    one += (left[at] as number) * (right[at] as number);
    two += (left[at + 1] as number) * (right[at + 1] as number);
    three += (left[at + 2] as number) * (right[at + 2] as number);
    four += (left[at + 3] as number) * (right[at + 3] as number);
  }
  for (; at < left.length; at++) one += (left[at] as number) * (right[at] as number);
  return one + two + three + four;
}
