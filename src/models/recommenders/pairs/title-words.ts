/** Maximum number of words of a title; the rest is not read. */
export const titleLength = 15;

/** The words of a title without its year, in lower case. */
export function wordsOf(title: string): string[] {
  const plain = title.replace(/\(\d{4}[^)]*\)\s*$/, '').toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Titles as rows of word numbers. */
export interface TitleWords {
  /** float32[items x titleLength]: 0 after the last word, 1 for a word not in the training data. */
  readonly numbers: Float32Array;
  /** Number of codes, 0 and 1 included. */
  readonly count: number;
}

/**
 * Titles as codes of words. The vocabulary is that of the items with training ratings, in ascending
 * order.
 *
 * @param known for each item 1 where a rating of it is learnt.
 */
export function titleWords(titles: readonly string[], known: Uint8Array): TitleWords {
  const words = titles.map((title) => wordsOf(title).slice(0, titleLength));
  const vocabulary = [...new Set(words.flatMap((own, item) => (known[item] === 1 ? own : [])))].sort();
  const places = new Map(vocabulary.map((word, place) => [word, place + 2]));
  const numbers = new Float32Array(titles.length * titleLength);
  for (const [item, own] of words.entries()) {
    for (const [at, word] of own.entries()) numbers[item * titleLength + at] = places.get(word) ?? 1;
  }
  return { numbers, count: vocabulary.length + 2 };
}
