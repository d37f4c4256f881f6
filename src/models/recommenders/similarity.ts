import type { RatingLists } from './rating-lists.ts';

/**
 * The similarities of two users over the items both have rated, or of two items over the users who
 * have rated both.
 */
export const similarityNames = ['cosine', 'msd', 'pearson', 'pearson-baseline'] as const;

/** One of `similarityNames`. */
export type SimilarityName = (typeof similarityNames)[number];

/**
 * What a similarity is computed from. `own` are the ratings of those compared, `others` the same
 * ratings from the other side.
 */
export interface SimilaritySource {
  readonly own: RatingLists;
  readonly others: RatingLists;
  readonly similarity: SimilarityName;
  /** Fewer common ratings than this: similarity 0. */
  readonly minimumSupport: number;
  /** Of `pearson-baseline`. */
  readonly shrinkage: number;
  /**
   * Deviation of each rating from mean + b_u + b_i, in the order of `own` and of `others`; only for
   * `pearson-baseline`.
   */
  readonly deviations?: { readonly own: Float64Array; readonly others: Float64Array } | undefined;
}

/**
 * Similarities of one user (or item) to all others, a row of the similarity matrix at a time, in
 * float64. The matrix itself is never held: memory is at most 9 numbers per user (item), and a row
 * costs one step per pair of common ratings, so only rows that are asked for are paid for. With n
 * common ratings r and s, sums over these only:
 *
 * - `cosine`: sum rs / sqrt(sum r^2 * sum s^2); 0 when all of one side are 0
 * - `msd`: 1 / (1 + sum (r - s)^2 / n)
 * - `pearson`: (n sum rs - sum r sum s) / sqrt((n sum r^2 - (sum r)^2) (n sum s^2 - (sum s)^2)); 0
 *   when either has no variance
 * - `pearson-baseline`: with r, s less their baseline estimates: (n - 1) / (n - 1 + shrinkage) *
 *   sum rs / sqrt(sum r^2 * sum s^2) (Koren, Factor in the Neighbors, 2010, section 2.2)
 *
 * Without a common rating it is 0, of one with itself 1.
 */
export class SimilarityRows {
  readonly #source: SimilaritySource;
  readonly #sums: Float64Array;
  readonly #touched: Int32Array;
  readonly #row: Float64Array;
  /** Numbers per neighbour as a power of two, so that they share a cache line. */
  readonly #shift: number;
  #touchedCount = 0;

  constructor(source: SimilaritySource) {
    this.#source = source;
    const { count } = source.own;
    this.#shift = source.similarity === 'pearson' ? 3 : 2;
    this.#sums = new Float64Array(count << this.#shift);
    this.#touched = new Int32Array(count);
    this.#row = new Float64Array(count);
  }

  /** The similarities of `one` to all. The array is valid until the next call. */
  row(one: number): Float64Array {
    const row = this.#row;
    const touched = this.#touched;
    for (let index = 0; index < this.#touchedCount; index++) row[touched[index] as number] = 0;
    this.#touchedCount = this.#accumulate(one);
    this.#finish(row, touched);
    row[one] = 1;
    if (this.#source.own.starts[one] === this.#source.own.starts[one + 1]) touched[this.#touchedCount++] = one;
    return row;
  }

  /** Sums over common ratings: count, rs, r^2, s^2 and, for `pearson`, r and s. */
  #accumulate(one: number): number {
    const { own, others, deviations, similarity } = this.#source;
    const ownValues = deviations?.own ?? own.values;
    const otherValues = deviations?.others ?? others.values;
    const sums = this.#sums;
    const touched = this.#touched;
    const withMeans = similarity === 'pearson';
    const shift = this.#shift;
    let count = 0;
    const end = own.starts[one + 1] as number;
    for (let place = own.starts[one] as number; place < end; place++) {
      const via = own.others[place] as number;
      const value = ownValues[place] as number;
      const square = value * value;
      const last = others.starts[via + 1] as number;
      for (let pair = others.starts[via] as number; pair < last; pair++) {
        const other = others.others[pair] as number;
        const otherValue = otherValues[pair] as number;
        const at = other << shift;
        const common = sums[at] as number;
        if (common === 0) touched[count++] = other;
        sums[at] = common + 1;
        sums[at + 1] = (sums[at + 1] as number) + value * otherValue;
        sums[at + 2] = (sums[at + 2] as number) + square;
        sums[at + 3] = (sums[at + 3] as number) + otherValue * otherValue;
        if (withMeans) {
          sums[at + 4] = (sums[at + 4] as number) + value;
          sums[at + 5] = (sums[at + 5] as number) + otherValue;
        }
      }
    }
    return count;
  }

  #finish(row: Float64Array, touched: Int32Array): void {
    const { similarity, minimumSupport, shrinkage } = this.#source;
    const sums = this.#sums;
    const shift = this.#shift;
    const width = 1 << shift;
    for (let index = 0; index < this.#touchedCount; index++) {
      const other = touched[index] as number;
      const at = other << shift;
      const common = sums[at] as number;
      const products = sums[at + 1] as number;
      const squares = sums[at + 2] as number;
      const otherSquares = sums[at + 3] as number;
      let value = 0;
      if (common >= minimumSupport) {
        if (similarity === 'cosine') value = ratio(products, squares * otherSquares);
        else if (similarity === 'msd') value = 1 / ((squares - 2 * products + otherSquares) / common + 1);
        else if (similarity === 'pearson') {
          const sum = sums[at + 4] as number;
          const otherSum = sums[at + 5] as number;
          const variances = (common * squares - sum * sum) * (common * otherSquares - otherSum * otherSum);
          value = ratio(common * products - sum * otherSum, variances);
        } else if (common > 1) {
          value = (ratio(products, squares * otherSquares) * (common - 1)) / (common - 1 + shrinkage);
        }
      }
      row[other] = value;
      for (let slot = at; slot < at + width; slot++) sums[slot] = 0;
    }
  }
}

/** numerator / sqrt(square); 0 where that is undefined. */
function ratio(numerator: number, square: number): number {
  return square > 0 ? numerator / Math.sqrt(square) : 0;
}
