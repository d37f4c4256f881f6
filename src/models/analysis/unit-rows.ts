import { Breather } from '../../core/breather.ts';
import { type DotKernel, dotKernel, valuesPerRound } from './dot-kernel.ts';
import { TopFound } from './top-found.ts';

/** Rows of a piece of memory. */
const CHUNK = 1024;
/** Values that are multiplied before a row may be given up. */
const HEAD = 128;
/** What stands for 1 in the upper halves of values, and how many lower ones make one of them. */
const [ONE, PARTS] = [32_767, 65_536];

/** A row that is like another. */
export interface NearRow {
  readonly row: number;
  /** Cosine, -1 to 1. */
  readonly similarity: number;
}

/** Rows from `first` on, up to but without `end`. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

/**
 * Many vectors of one length, each scaled to length 1, compared by cosine. Values are fixed-point
 * numbers of 32 bits, in halves: products of upper halves alone, which take a quarter of the time,
 * bound the cosine to within a thousandth. What the first values of two vectors have in common, and
 * how long the rest of each is, bounds it too: a row whose bound is too low for the best found so
 * far need not be multiplied further. After a PCA the first values are the longest.
 *
 * Takes four bytes a value.
 */
export class UnitRows {
  readonly #dimension: number;
  readonly #head: number;
  /** Values of a row after its head, with padding. */
  readonly #rest: number;
  /** Products of upper halves, and then chunks of those halves: first all heads, then all rests. */
  readonly #kernel: DotKernel;
  readonly #lower: Int16Array[] = [];
  /** How long each row is after its head. */
  readonly #tails: number[] = [];
  /** How far a cosine by upper halves may be from the cosine. */
  readonly #margin: number;

  constructor(dimension: number) {
    this.#dimension = dimension;
    const padded = Math.ceil(dimension / valuesPerRound) * valuesPerRound;
    this.#head = Math.min(HEAD, padded);
    this.#rest = padded - this.#head;
    this.#kernel = dotKernel(this.#chunkAt(0));
    // Half a step in every value of both vectors, and what float64 rounds.
    this.#margin = (2 * Math.sqrt(dimension) * 0.51) / ONE;
  }

  get bytes(): number {
    return this.#lower.length * CHUNK * 2 * (this.#head + this.#rest + this.#dimension);
  }

  /** A row of zeros stays one, and is like nothing. */
  add(vector: ArrayLike<number>): void {
    const row = this.#tails.length;
    if (row % CHUNK === 0) {
      this.#lower.push(new Int16Array(CHUNK * this.#dimension));
      this.#kernel.grow(this.#chunkAt(this.#lower.length));
    }
    let square = 0;
    for (let axis = 0; axis < this.#dimension; axis++) square += (vector[axis] as number) ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    const [values, lower] = [this.#kernel.values(), this.#lower.at(-1) as Int16Array];
    const [head, rest, low] = [this.#headAt(row) / 2, this.#restAt(row) / 2, (row % CHUNK) * this.#dimension];
    let tail = 0;
    for (let axis = 0; axis < this.#dimension; axis++) {
      const value = (vector[axis] as number) * scale;
      const upper = Math.round(value * ONE);
      values[axis < this.#head ? head + axis : rest + axis - this.#head] = upper;
      lower[low + axis] = Math.min(PARTS / 2 - 1, Math.round((value * ONE - upper) * PARTS));
      if (axis >= this.#head) tail += value * value;
    }
    this.#tails.push(Math.sqrt(tail));
  }

  /**
   * The `k` rows most similar to each of the rows `queries`, the most similar first and of equals
   * the earlier; none of those in `without`. Gives way to other work between pieces of memory.
   */
  async nearest(queries: readonly number[], k: number, without: RowRange): Promise<NearRow[][]> {
    const asked = queries.map((query) => ({ own: this.#row(query), query, top: new TopFound<NearRow>(k) }));
    const breather = new Breather();
    for (let chunk = 0; chunk < this.#lower.length; chunk++) {
      if (breather.isDue) await breather.rest();
      for (const { own, query, top } of asked) this.#compare(chunk, query, own, top, without);
    }
    return asked.map(({ top }) => top.sorted());
  }

  #compare(chunk: number, query: number, own: Float64Array, top: TopFound<NearRow>, without: RowRange): void {
    const first = chunk * CHUNK;
    const count = Math.min(CHUNK, this.#tails.length - first);
    const [ownHead, ownRest, ownTail] = [this.#headAt(query), this.#restAt(query), this.#tails[query] as number];
    const { dots } = this.#kernel;
    const [sums, margin, rest] = [this.#kernel.sums(), this.#margin, 2 * this.#rest];
    const tails = this.#tails;
    dots(ownHead, this.#headAt(first), 2 * this.#head, count, 2 * this.#head, 0);
    let { least } = top;
    for (let place = 0; place < count; place++) {
      const row = first + place;
      let common = sums[place] as number;
      if (common / ONE ** 2 + ownTail * (tails[row] as number) + margin <= least) continue;
      if (rest > 0) {
        dots(ownRest, this.#restAt(row), rest, 1, rest, 4 * CHUNK);
        common += sums[CHUNK] as number;
      }
      if (common / ONE ** 2 + margin <= least || (row >= without.first && row < without.end)) continue;
      top.add({ row, similarity: Math.min(1, this.#cosine(own, row)) });
      least = top.least;
    }
  }

  #cosine(own: Float64Array, row: number): number {
    const other = this.#row(row);
    let sum = 0;
    for (let axis = 0; axis < own.length; axis++) sum += (own[axis] as number) * (other[axis] as number);
    return sum;
  }

  /** Both halves of a row. */
  #row(row: number): Float64Array {
    const [values, lower] = [this.#kernel.values(), this.#lower[Math.floor(row / CHUNK)] as Int16Array];
    const [head, rest, low] = [this.#headAt(row) / 2, this.#restAt(row) / 2, (row % CHUNK) * this.#dimension];
    const whole = new Float64Array(this.#dimension);
    for (let axis = 0; axis < whole.length; axis++) {
      const upper = values[axis < this.#head ? head + axis : rest + axis - this.#head] as number;
      whole[axis] = (upper + (lower[low + axis] as number) / PARTS) / ONE;
    }
    return whole;
  }

  /** Byte offset of a chunk; before the first there is room for the sums of one and one more. */
  #chunkAt(chunk: number): number {
    return 4 * (CHUNK + valuesPerRound) + chunk * CHUNK * 2 * (this.#head + this.#rest);
  }

  #headAt(row: number): number {
    return this.#chunkAt(Math.floor(row / CHUNK)) + (row % CHUNK) * 2 * this.#head;
  }

  #restAt(row: number): number {
    return this.#chunkAt(Math.floor(row / CHUNK)) + 2 * (CHUNK * this.#head + (row % CHUNK) * this.#rest);
  }
}
