import { fillTfIdf, type WeightedWord, WordFrequencies } from '../../models/text/tf-idf.ts';
import { wordsIn } from '../../models/text/words-in.ts';
import { featureFault } from './feature-fault.ts';
import type { ItemTexts } from './item-texts.ts';
import type { ReadyStream } from './ready-stream.ts';
import { type SubclipClock, textWindows } from './text-windows.ts';

/** How texts become vectors. */
export interface TextRules {
  readonly minimumItems: number;
  /** The most words. */
  readonly words: number;
  readonly subclips: number;
  readonly clock: SubclipClock | undefined;
  /** Items by which the words are chosen and weighted; undefined for all. */
  readonly fitted: ReadonlySet<number> | undefined;
}

/** A word in more of the texts than this tells nothing. */
const mostShare = 0.5;
/**
 * Recommenders clip each value at the 1st and 99th percentile of all subclips, so the values of a
 * rarer word would all become 0.
 */
const leastShare = 0.015;

/**
 * A stream with a value for each word: TF-IDF, of length 1 for each subclip. The texts are read
 * twice, to choose the words and to count them; memory holds the distinct words, then for each item
 * and subclip those of the chosen words that are in it.
 *
 * @param check throws when the import is to stop.
 * @throws UsageError `features` when no word is in enough texts; what `texts.read` throws.
 */
export async function readyText(
  texts: ItemTexts,
  itemIds: readonly string[],
  rules: TextRules,
  check: () => void,
): Promise<ReadyStream> {
  const places = new Map(itemIds.map((id, item) => [id, item]));
  const words = await chosenWords(texts, places, rules, check);
  const numbers = new Map(words.map(({ word }, number) => [word, number]));
  const counts = new Map<number, readonly SparseCounts[]>();
  for await (const [id, text] of texts.read()) {
    check();
    const item = places.get(id);
    if (item === undefined) continue;
    const windows = await textWindows(id, text, rules.subclips, rules.clock);
    counts.set(
      item,
      windows.map((window) => countsOf(window, numbers)),
    );
  }
  const dense = new Float64Array(words.length);
  return {
    ...{ name: 'text', kind: 'dense', file: texts.file, dimension: words.length, rowsPerItem: rules.subclips },
    ...{ dropped: [], passedOver: [], missingValues: 0 },
    described: { words: words.map(({ word }) => word), weights: words.map(({ weight }) => weight) },
    has: (item) => counts.has(item),
    read(item, into) {
      for (const [at, window] of (counts.get(item) ?? []).entries()) {
        dense.fill(0);
        for (const [place, number] of window.numbers.entries()) dense[number] = window.counts[place] as number;
        fillTfIdf(dense, words, into.subarray(at * words.length, (at + 1) * words.length));
      }
    },
  };
}

async function chosenWords(
  texts: ItemTexts,
  places: ReadonlyMap<string, number>,
  { minimumItems, words: most, subclips, clock, fitted }: TextRules,
  check: () => void,
): Promise<WeightedWord[]> {
  const frequencies = new WordFrequencies();
  for await (const [id, text] of texts.read()) {
    check();
    const item = places.get(id);
    if (item === undefined || fitted?.has(item) === false) continue;
    const windows = await textWindows(id, text, subclips, clock);
    frequencies.add(windows.map((window) => new Set(wordsIn(window))));
  }
  const count = frequencies.texts;
  if (count === 0) {
    throw featureFault(
      texts.file,
      `has no text of any of the ${fitted?.size ?? places.size} items`,
      'Check that the files use the same kind of ids.',
    );
  }
  const least = Math.max(minimumItems, Math.ceil(leastShare * count));
  const words = frequencies.choose({ least, mostShare, leastShareOfParts: leastShare, words: most });
  if (words.length > 0) return words;
  const parts = subclips === 1 ? '' : `, and in ${100 * leastShare} % of their subclips`;
  throw featureFault(
    texts.file,
    `has no word that is in at least ${least} of ${count} texts and in at most half of them${parts}`,
    subclips === 1 ? 'Lower `minimumItems`, or give more texts.' : 'Lower `minimumItems` or `textSubclips`.',
  );
}

/** How often words occur, by their numbers; words that do not occur are left out. */
interface SparseCounts {
  readonly numbers: Uint32Array;
  readonly counts: Uint32Array;
}

function countsOf(text: string, numbers: ReadonlyMap<string, number>): SparseCounts {
  const counts = new Map<number, number>();
  for (const word of wordsIn(text)) {
    const number = numbers.get(word);
    if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return { numbers: Uint32Array.from(counts.keys()), counts: Uint32Array.from(counts.values()) };
}
