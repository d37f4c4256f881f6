import { nearestOf } from '../src/core/nearest.ts';

/** `Did you mean ...? ` if a known word is near, else nothing. */
export function didYouMean(word: string, words: readonly string[], prefix = ''): string {
  const found = nearestOf(word, words);
  return found === undefined ? '' : `Did you mean ${prefix}${found}? `;
}
