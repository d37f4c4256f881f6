import { AskedOnce } from '../../core/asked-once.ts';
import { TopFound } from '../../models/analysis/top-found.ts';
import { GenreSets, type GenreTable } from '../../models/genres.ts';
import { ItemDirections, type Summary } from './item-directions.ts';
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

/** Maximum bytes of summaries to keep; those of further items are read for each question. */
const MOST_BYTES = 512 * 2 ** 20;
/** The same of those asked for one by one, once all have been read. */
const ASKED_BYTES = 16 * 2 ** 20;

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
 * of their genre one-hots. Summaries are read once for each item and kept, up to 512 MiB.
 */
export class ContentSimilarity {
  readonly #features: StoreFeatures | undefined;
  readonly #genres: GenreSets | undefined;
  readonly #itemCount: number;
  /** Of items that were asked for one by one. */
  readonly #summaries = new Map<number, Summary>();
  /** Maximum bytes of a summary. */
  readonly #summaryBytes: number;
  /** Summaries of all items, or of as many as can be kept. */
  readonly #all = new AskedOnce<ItemDirections>();
  #directions: ItemDirections | undefined;

  constructor(features: StoreFeatures | undefined, genres: GenreTable | undefined, itemCount: number) {
    this.#features = features;
    this.#itemCount = itemCount;
    this.#genres = genres && new GenreSets(genres, itemCount);
    this.#summaryBytes = (features?.modalities ?? []).reduce((sum, { dimension }) => sum + 4 * dimension, 0);
  }

  /**
   * The `count` items of `others` most similar to `item`, the most similar first; ties by lower
   * number. Those that cannot be compared are left out.
   */
  async nearestOf(item: number, others: Iterable<number>, count: number): Promise<SimilarItem[]> {
    const top = new TopFound<SimilarItem>(count);
    const own = await this.#summaryOf(item);
    for (const other of Int32Array.from(others).sort()) {
      const summary = this.#summaries.get(other) ?? (await this.#summaryOf(other));
      this.#offer(top, item, other, own && summary && meanCosine(own, summary));
    }
    return top.sorted();
  }

  /** The same of all other items. */
  async nearest(item: number, count: number): Promise<SimilarItem[]> {
    const directions = await this.readAll();
    const own = await this.#summaryOf(item);
    const near = own === undefined ? [] : await directions.nearest(item, own, count);
    const similarities = new Map(near.map(({ item: other, similarity }) => [other, similarity]));
    const top = new TopFound<SimilarItem>(count);
    for (let other = 0; other < this.#itemCount; other++) {
      if (other === item) continue;
      const similarity = similarities.get(other);
      if (similarity !== undefined) this.#offer(top, item, other, similarity);
      else if (own === undefined || !directions.haveCommon(other, own)) {
        const isRead = own === undefined || directions.has(other) || !this.#hasFeatures(other);
        const summary = isRead ? undefined : await this.#read(other);
        this.#offer(top, item, other, own && summary && meanCosine(own, summary));
      }
    }
    return top.sorted();
  }

  /** Reads the summaries of all items, as far as they are kept, before they are asked for. */
  readAll(signal?: AbortSignal): Promise<ItemDirections> {
    return this.#all.ask(async () => {
      const directions = new ItemDirections((this.#features?.modalities ?? []).map(({ dimension }) => dimension));
      for (let item = 0; item < this.#itemCount && directions.bytes < MOST_BYTES; item++) {
        signal?.throwIfAborted();
        if (!this.#hasFeatures(item)) continue;
        const summary = this.#summaries.get(item) ?? (await this.#read(item));
        if (summary !== undefined) directions.add(item, summary);
      }
      this.#directions = directions;
      this.#summaries.clear();
      return directions;
    });
  }

  /** @param similarity of the features; if undefined, genres are compared. */
  #offer(top: TopFound<SimilarItem>, item: number, other: number, similarity: number | undefined): void {
    if (similarity !== undefined) {
      if (top.takes(similarity)) top.add({ item: other, similarity, basis: 'features' });
      return;
    }
    const squared = this.#genres?.squaredCosine(item, other) ?? 0;
    if (squared > 0) top.add({ item: other, similarity: Math.sqrt(squared), basis: 'genres' });
  }

  /** A summary, which is kept while there is room. */
  async #summaryOf(item: number): Promise<Summary | undefined> {
    const known = this.#summaries.get(item);
    if (known !== undefined) return known;
    const summary = this.#directions?.summaryOf(item) ?? (await this.#read(item));
    if (summary === undefined) return undefined;
    const most = this.#directions === undefined ? MOST_BYTES : ASKED_BYTES;
    if (this.#summaryBytes * (this.#summaries.size + 1) > most) {
      const [oldest] = this.#summaries.keys();
      if (oldest !== undefined) this.#summaries.delete(oldest);
    }
    this.#summaries.set(item, summary);
    return summary;
  }

  #hasFeatures(item: number): boolean {
    return this.#features?.has(item) === true;
  }

  async #read(item: number): Promise<Summary | undefined> {
    if (this.#features === undefined || !this.#hasFeatures(item)) return undefined;
    const vectors = await this.#features.vectorsOf(item);
    return this.#features.modalities.map(({ name, dimension }) => {
      const rows = vectors[name];
      return rows && unitMean(rows, dimension);
    });
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
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0));
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

/**
 * Uses four separate sums, which a processor adds in parallel. Takes one kind of numbers only: code
 * for two kinds takes five times as long.
 */
function product(left: Float32Array, right: Float32Array): number {
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
