/** A letter, then letters, marks and digits; parts joined by an apostrophe are one word. */
const word = /\p{L}[\p{L}\p{M}\p{N}]*(?:['\u2019]\p{L}+)*/gu;

/** More marks on a letter than any writing has; to normalise them takes quadratic time. */
const pile = /(\p{M}{30})\p{M}+/gu;

/**
 * The words of a text in lower case, in its order. Numbers and single letters are no words. Writing
 * without spaces between words is not divided.
 *
 * @example
 * wordsIn("It's a heist, in 1995."); // ["it's", 'heist', 'in']
 */
export function wordsIn(text: string): string[] {
  const found = text.replaceAll(pile, '$1').normalize('NFKC').toLowerCase().replaceAll('\u2019', "'").match(word) ?? [];
  return found.filter((each) => each.length > 1);
}
