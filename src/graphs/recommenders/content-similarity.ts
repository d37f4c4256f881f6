import { GenreSets, type GenreTable } from '../../models/genres.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import type { StoreFeatures } from './store-features.ts';

/** What items are compared by. */
export type SimilarityBasis = 'features' | 'genres';

/** A rated item that is like another in content. */
export interface SimilarItem {
  readonly item: number;
  /** -1 to 1; 0 to 1 for genres. */
  readonly similarity: number;
  readonly basis: SimilarityBasis;
}

/**
 * Mean vectors of an item, stream by stream, each of length 1; undefined: no such stream, or all
 * zeros.
 */
type Summary = readonly (Float64Array | undefined)[];

const similarities = new WeakMap<object, ContentSimilarity>();

/** The similarity of a recommender's items, made once, so that what it has read of them stays. */
export function similarityOf(model: LoadedRecommender): ContentSimilarity {
  const known = similarities.get(model.saved);
  if (known !== undefined) return known;
  const similarity = new ContentSimilarity(model.features, model.genres, model.saved.catalogue.length);
  similarities.set(model.saved, similarity);
  return similarity;
}

/**
 * How alike items are in content: the mean, over the streams that both have, of the cosine of their
 * mean feature vectors (means over the subclips). Where one of them has no features, the cosine of
 * their genre one-hots. Summaries are read once for each item and kept: one vector per stream.
 */
export class ContentSimilarity {
  readonly #features: StoreFeatures | undefined;
  readonly #genres: GenreSets | undefined;
  readonly #summaries = new Map<number, Summary>();

  constructor(features: StoreFeatures | undefined, genres: GenreTable | undefined, itemCount: number) {
    this.#features = features;
    this.#genres = genres && new GenreSets(genres, itemCount);
  }

  /**
   * The `count` items of `others` most similar to `item`, the most similar first; ties by lower
   * number. Those that cannot be compared are left out.
   */
  async nearest(item: number, others: Iterable<number>, count: number): Promise<SimilarItem[]> {
    const found: SimilarItem[] = [];
    await this.#read(item);
    for (const other of others) {
      // Of many thousand items that have been read, none is worth a turn of the loop.
      if (!this.#summaries.has(other)) await this.#read(other);
      const similar = this.#similarity(item, other);
      if (similar !== undefined) found.push({ item: other, ...similar });
    }
    return found.sort((a, b) => b.similarity - a.similarity || a.item - b.item).slice(0, count);
  }

  #similarity(one: number, other: number): Omit<SimilarItem, 'item'> | undefined {
    const [left, right] = [this.#summaries.get(one), this.#summaries.get(other)];
    if (left !== undefined && right !== undefined) {
      const cosines = left.flatMap((vector, stream) => {
        const against = right[stream];
        return vector && against ? [product(vector, against)] : [];
      });
      const sum = cosines.reduce((total, cosine) => total + cosine, 0);
      if (cosines.length > 0) return { similarity: sum / cosines.length, basis: 'features' };
    }
    const squared = this.#genres?.squaredCosine(one, other) ?? 0;
    return squared > 0 ? { similarity: Math.sqrt(squared), basis: 'genres' } : undefined;
  }

  async #read(item: number): Promise<void> {
    if (this.#features === undefined || !this.#features.has(item) || this.#summaries.has(item)) return;
    const { modalities } = this.#features;
    const vectors = Object.fromEntries(
      modalities.map(({ name, steps, dimension }) => [name, new Float32Array(steps * dimension)]),
    );
    const present = await this.#features.read(Int32Array.of(item), vectors);
    const summary = modalities.map(({ name, dimension }) =>
      present[name]?.[0] === 1 ? unitMean(vectors[name] as Float32Array, dimension) : undefined,
    );
    this.#summaries.set(item, summary);
  }
}

/** The direction of the mean of the rows. */
function unitMean(rows: Float32Array, dimension: number): Float64Array | undefined {
  const sum = new Float64Array(dimension);
  for (const [at, value] of rows.entries()) sum[at % dimension] = (sum[at % dimension] as number) + value;
  const length = Math.sqrt(product(sum, sum));
  return length > 0 ? sum.map((value) => value / length) : undefined;
}

function product(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}
