/** Which words vectors of texts are made of. */
export interface WordChoice {
  /** The fewest texts that a word must be in. */
  readonly least: number;
  /** The greatest share of the texts: a word of more tells nothing. */
  readonly mostShare: number;
  /** The least share of the parts of texts that a word must be in. Default 0. */
  readonly leastShareOfParts?: number | undefined;
  /** The most words. */
  readonly words: number;
}

/** A chosen word and its weight. */
export interface WeightedWord {
  readonly word: string;
  /** ln((1 + texts) / (1 + texts with the word)) + 1. */
  readonly weight: number;
}

/** In how many texts each word occurs, and in how many of their parts. */
export class WordFrequencies {
  readonly #counts = new Map<string, { texts: number; parts: number }>();
  #texts = 0;
  #parts = 0;

  /** How many texts were added. */
  get texts(): number {
    return this.#texts;
  }

  /** Adds a text. @param parts - the distinct words of each of its parts. */
  add(parts: readonly Iterable<string>[]): void {
    this.#texts += 1;
    this.#parts += parts.length;
    const own = new Set<string>();
    for (const part of parts) {
      for (const word of part) {
        const count = this.#counts.get(word) ?? { texts: 0, parts: 0 };
        count.parts += 1;
        if (!own.has(word)) count.texts += 1;
        own.add(word);
        this.#counts.set(word, count);
      }
    }
  }

  /**
   * The words of enough texts, but not of too many, most frequent first, words of equal frequency
   * in the order of their letters.
   *
   * @example
   * const frequencies = new WordFrequencies();
   * for (const words of [['heist', 'the'], ['the'], ['heist', 'car', 'the']]) frequencies.add([words]);
   * frequencies.choose({ least: 2, mostShare: 0.7, words: 10 }); // [{ word: 'heist', weight: ln(4 / 3) + 1 }]
   */
  choose({ least, mostShare, leastShareOfParts = 0, words }: WordChoice): WeightedWord[] {
    return [...this.#counts]
      .filter(
        ([, { texts, parts }]) =>
          texts >= least && texts <= mostShare * this.#texts && parts >= leastShareOfParts * this.#parts,
      )
      .sort(([one, { texts: left }], [other, { texts: right }]) => right - left || (one < other ? -1 : 1))
      .slice(0, words)
      .map(([word, { texts }]) => ({ word, weight: Math.log((1 + this.#texts) / (1 + texts)) + 1 }));
  }
}

/**
 * The vector of a text (Salton and Buckley 1988): (1 + ln occurrences) x weight for each word, of
 * length 1; zeros for a text without any of the words.
 *
 * @param occurrences - how often each of the words occurs in the text.
 * @param into - a value for each of the words.
 */
export function fillTfIdf(occurrences: ArrayLike<number>, words: readonly WeightedWord[], into: Float32Array): void {
  let squares = 0;
  for (const [at, { weight }] of words.entries()) {
    const count = occurrences[at] as number;
    const value = count === 0 ? 0 : (1 + Math.log(count)) * weight;
    into[at] = value;
    squares += value ** 2;
  }
  if (squares === 0) return;
  const length = Math.sqrt(squares);
  for (let at = 0; at < words.length; at++) into[at] = (into[at] as number) / length;
}
