import { type FurtherItem, scoreFurtherItems } from './further-items.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import type { ItemFeatures, StoreFeatures } from './store-features.ts';

/** Heaviest words of an item that are left out one at a time, at most. */
const mostWords = 30;

/** What a word of an item's text contributes to its predictions. */
export interface ExplainedWord {
  readonly word: string;
  /** How much lower the prediction is without the word, on average over the users. */
  readonly change: number;
}

/**
 * The words of an item's text, the heaviest first: by the sum of their values over the subclips.
 */
export function wordsOfItem(
  features: StoreFeatures,
  vectors: ItemFeatures,
): { readonly stream: string; readonly column: number; readonly word: string; readonly weight: number }[] {
  const found = [...features.words].flatMap(([stream, words]) => {
    const values = vectors[stream];
    if (values === undefined) return [];
    const weights = new Float64Array(words.length);
    for (const [at, value] of values.entries()) {
      weights[at % words.length] = (weights[at % words.length] as number) + value;
    }
    return words.map((word, column) => ({ stream, column, word, weight: weights[column] as number }));
  });
  return found.filter(({ weight }) => weight > 0).sort((one, other) => other.weight - one.weight);
}

/**
 * What the heaviest words of an item's text contribute to its predictions, found by leaving one out
 * at a time, those that change most first.
 *
 * @param whole the score of the item for each of the users.
 */
export async function explainedWords(
  model: LoadedRecommender,
  item: FurtherItem,
  users: Int32Array,
  whole: ArrayLike<number>,
): Promise<ExplainedWord[]> {
  if (model.features === undefined) return [];
  const words = wordsOfItem(model.features, item.vectors).slice(0, mostWords);
  if (words.length === 0) return [];
  const variants = words.map(({ stream, column }) => ({
    ...item,
    vectors: { ...item.vectors, [stream]: withoutColumn(model, stream, item.vectors[stream], column) },
  }));
  const scores = await scoreFurtherItems(model, variants, users);
  return words
    .map(({ word }, place) => {
      const without = scores[place] as Float32Array;
      const sum = users.reduce((total, _, at) => total + (whole[at] as number) - (without[at] as number), 0);
      return { word, change: sum / users.length };
    })
    .sort((one, other) => Math.abs(other.change) - Math.abs(one.change));
}

function withoutColumn(
  { features }: LoadedRecommender,
  stream: string,
  values: Float32Array | undefined,
  column: number,
): Float32Array | undefined {
  const dimension = features?.words.get(stream)?.length ?? 0;
  return values?.map((value, at) => (at % dimension === column ? 0 : value));
}

/** The words that two items have in common, heaviest first by the product of their weights. */
export function commonWords(features: StoreFeatures, one: ItemFeatures, other: ItemFeatures, count: number): string[] {
  const weights = new Map(wordsOfItem(features, other).map(({ word, weight }) => [word, weight]));
  return wordsOfItem(features, one)
    .map(({ word, weight }) => ({ word, weight: weight * (weights.get(word) ?? 0) }))
    .filter(({ weight }) => weight > 0)
    .sort((first, second) => second.weight - first.weight)
    .slice(0, count)
    .map(({ word }) => word);
}
