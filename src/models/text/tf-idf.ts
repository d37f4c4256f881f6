/** How many texts a word must be in, and how many words there are at most. */
export interface WordChoice {
  /** The fewest texts. */
  readonly least: number;
  /** The greatest share of the texts: a word of more tells nothing. */
  readonly mostShare: number;
  readonly words: number;
}

/** A chosen word and its weight. */
export interface WeightedWord {
  readonly word: string;
  /** ln((1 + texts) / (1 + texts with the word)) + 1. */
  readonly weight: number;
}

/**
 * The words that vectors of texts are made of: those in enough texts but not in too many, most
 * frequent first, words of equal frequency in the order of their letters.
 *
 * @param texts - the distinct words of each text.
 * @example
 * chooseWords([['heist', 'the'], ['the'], ['heist', 'car', 'the']], { least: 2, mostShare: 0.7, words: 10 });
 * // [{ word: 'heist', weight: ln(4 / 3) + 1 }]
 */
export function chooseWords(
  texts: Iterable<Iterable<string>>,
  { least, mostShare, words }: WordChoice,
): WeightedWord[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const own of texts) {
    total++;
    for (const word of own) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= least && count <= mostShare * total)
    .sort(([one, left], [other, right]) => right - left || (one < other ? -1 : 1))
    .slice(0, words)
    .map(([word, count]) => ({ word, weight: Math.log((1 + total) / (1 + count)) + 1 }));
}

/**
 * The vector of a text (Salton and Buckley 1988): (1 + ln occurrences) x weight for each word, of
 * length 1; zeros for a text without any of the words.
 *
 * @param occurrences - how often each word occurs in the text.
 * @param into - a value for each of the words.
 */
export function fillTfIdf(
  occurrences: ReadonlyMap<string, number>,
  words: readonly WeightedWord[],
  into: Float32Array,
): void {
  let squares = 0;
  for (const [at, { word, weight }] of words.entries()) {
    const count = occurrences.get(word) ?? 0;
    const value = count === 0 ? 0 : (1 + Math.log(count)) * weight;
    into[at] = value;
    squares += value ** 2;
  }
  if (squares === 0) return;
  const length = Math.sqrt(squares);
  for (let at = 0; at < words.length; at++) into[at] = (into[at] as number) / length;
}
