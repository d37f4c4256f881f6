import { chooseWords, fillTfIdf } from '../../models/text/tf-idf.ts';
import { wordsIn } from '../../models/text/words-in.ts';
import { featureFault } from './feature-fault.ts';
import type { ReadyStream } from './ready-stream.ts';

/** The words of the texts of items, by id: how often each occurs in each subclip. */
export type WordCounts = ReadonlyMap<string, readonly ReadonlyMap<string, number>[]>;

/** How often each word occurs in a text. */
export function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of wordsIn(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** A word in more of the texts than this tells nothing. */
const mostShare = 0.5;
/** Recommenders clip each value at its 1st and 99th percentile, so a rarer word would be lost. */
const leastShare = 0.015;

/**
 * A stream with a value for each word: TF-IDF, of length 1 for each subclip.
 *
 * @param fitted items by which the words are chosen and weighted; undefined for all.
 * @throws UsageError `features` when no word is in enough items.
 */
export function readyText(
  { file, counts }: { readonly file: string; readonly counts: WordCounts },
  itemIds: readonly string[],
  { minimumItems, words: most }: { readonly minimumItems: number; readonly words: number },
  fitted: ReadonlySet<number> | undefined,
): ReadyStream {
  const own = itemIds.map((id) => counts.get(id));
  const texts = own.filter((text, item) => text !== undefined && (fitted === undefined || fitted.has(item)));
  const least = Math.max(minimumItems, Math.ceil(leastShare * texts.length));
  const words = chooseWords(
    texts.map((text = []) => new Set(text.flatMap((window) => [...window.keys()]))),
    { least, mostShare, words: most },
  );
  if (words.length === 0) {
    throw featureFault(
      file,
      texts.length === 0
        ? `has no text of any of the ${fitted?.size ?? itemIds.length} items`
        : `has no word that is in at least ${least} of ${texts.length} texts and in at most half of them`,
      texts.length === 0
        ? 'Check that the files use the same kind of ids.'
        : 'Lower `minimumItems`, or give more texts.',
    );
  }
  const windows = own.find((text) => text !== undefined)?.length ?? 1;
  return {
    ...{ name: 'text', kind: 'dense', file, dimension: words.length, rowsPerItem: windows },
    ...{ dropped: [], passedOver: [], missingValues: 0 },
    described: { words: words.map(({ word }) => word), weights: words.map(({ weight }) => weight) },
    has: (item) => own[item] !== undefined,
    read(item, into) {
      for (const [at, window] of (own[item] ?? []).entries()) {
        fillTfIdf(window, words, into.subarray(at * words.length, (at + 1) * words.length));
      }
    },
  };
}
