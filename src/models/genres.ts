import { checkInteger, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';

/** Which genres each item has: `flags[item * genreCount + genre]` is 1 or 0. */
export interface GenreTable {
  readonly genreCount: number;
  readonly flags: Uint8Array;
}

/**
 * Genre one-hots divided by their length, float64[items x genreCount], so that a scalar product is
 * a cosine. An item without genres has the zero vector: its cosine with anything, itself included,
 * is 0.
 *
 * @throws UsageError when the table is shorter than `itemCount` items or holds anything but 0
 * and 1.
 */
export function genreVectors(table: GenreTable, itemCount: number): Float64Array {
  checkGenres(table, itemCount);
  const { genreCount, flags } = table;
  const vectors = new Float64Array(itemCount * genreCount);
  for (let item = 0; item < itemCount; item++) {
    const share = 1 / Math.sqrt(countOf(table, item));
    for (let at = item * genreCount; at < (item + 1) * genreCount; at++) if (flags[at] === 1) vectors[at] = share;
  }
  return vectors;
}

/** Genres as bits, for cosines of pairs. */
export class GenreSets {
  readonly #words: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #width: number;

  /**
   * @throws UsageError when the table is shorter than `itemCount` items or holds anything but 0
   * and 1.
   */
  constructor(table: GenreTable, itemCount: number) {
    checkGenres(table, itemCount);
    const { genreCount, flags } = table;
    this.#width = Math.ceil(genreCount / 32);
    this.#words = new Uint32Array(itemCount * this.#width);
    this.#counts = Uint32Array.from({ length: itemCount }, (_, item) => countOf(table, item));
    for (let item = 0; item < itemCount; item++) {
      for (let genre = 0; genre < genreCount; genre++) {
        const word = item * this.#width + (genre >>> 5);
        const bit = (flags[item * genreCount + genre] as number) << (genre & 31);
        this.#words[word] = (this.#words[word] as number) | bit;
      }
    }
  }

  /**
   * The square of the cosine of two items' one-hots: shared^2 / (genres of one * genres of other),
   * 0 if either has none. A quotient of integers, so equal cosines are equal to the last bit, which
   * their roots need not be.
   */
  squaredCosine(one: number, other: number): number {
    const width = this.#width;
    let shared = 0;
    for (let word = 0; word < width; word++) {
      shared += bitsOf((this.#words[one * width + word] as number) & (this.#words[other * width + word] as number));
    }
    if (shared === 0) return 0;
    return (shared * shared) / ((this.#counts[one] as number) * (this.#counts[other] as number));
  }
}

function checkGenres({ genreCount, flags }: GenreTable, itemCount: number): void {
  checkInteger('genreCount', genreCount, 1, 1 << 16);
  if (!(flags instanceof Uint8Array)) throw new UsageError(`\`flags\` must be a Uint8Array, but is ${shown(flags)}`);
  const needed = itemCount * genreCount;
  if (flags.length < needed) {
    throw new UsageError(
      `the genre table must have ${itemCount} items of ${genreCount} genres, that is ${needed} flags, but has ${flags.length}`,
    );
  }
  const wrong = flags.findIndex((flag) => flag > 1);
  if (wrong >= 0) throw new UsageError(`\`flags\`[${wrong}] must be 0 or 1, but is ${flags[wrong]}`);
}

function countOf({ genreCount, flags }: GenreTable, item: number): number {
  let count = 0;
  for (let at = item * genreCount; at < (item + 1) * genreCount; at++) count += flags[at] as number;
  return count;
}

/** How many bits are set (Warren, Hacker's Delight, figure 5-2). */
function bitsOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
