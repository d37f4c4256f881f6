import { Breather } from '../../core/breather.ts';
import { type DotKernel, dotKernel, quad, valuesPerRound } from './dot-kernel.ts';
import { TopFound } from './top-found.ts';

/** Rows of a piece of memory. */
const CHUNK = 1024;
/** Values that are multiplied before a row may be given up; then as many again, and so on. */
const HEAD = 128;
/** What stands for 1 in the upper halves of values, and how many lower ones make one of them. */
const [ONE, PARTS] = [32_767, 65_536];
/**
 * Byte offsets: after the sums of a chunk, which of its fours are found, whether one of them is
 * still, and what is looked for.
 */
const [FOUND, STILL, QUERY] = [4 * CHUNK, 4 * (CHUNK + CHUNK / quad + 4), 4 * (CHUNK + CHUNK / quad + 8)];

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

/** A vector of length 1 in halves, and how long it is after each of its pieces. */
interface Direction {
  readonly upper: Int16Array;
  readonly lower: Int16Array;
  readonly tails: Float64Array;
}

/** Views of a kernel's memory. */
interface Views {
  readonly values: Int16Array;
  readonly whole: Int32Array;
  readonly real: Float32Array;
}

/**
 * Many vectors of one length, each scaled to length 1, compared by cosine. Values are fixed-point
 * numbers of 32 bits, in halves: products of upper halves alone, which take a quarter of the time,
 * bound the cosine to within a thousandth. What the first values of two vectors have in common, and
 * how long the rest of each is, bounds it too: a row whose bound is too low for the best found so
 * far need not be multiplied further. So the bound is asked again whenever twice as many values
 * have been multiplied. After a PCA the first values are the longest.
 *
 * Takes four bytes a value, and four for each piece of a row.
 */
export class UnitRows {
  readonly #dimension: number;
  /** Values of a row with padding. */
  readonly #padded: number;
  /** Where the pieces of a row begin, and after them where the last one ends. */
  readonly #bounds: readonly number[];
  /**
   * Room for sums and for what is looked for, and then chunks of upper halves: the first piece of
   * all rows, the second of all, and so on, and how long the rows are after each piece.
   */
  readonly #kernel: DotKernel;
  #views: Views;
  readonly #lower: Int16Array[] = [];
  #count = 0;
  /** How far a cosine by upper halves may be from the cosine. */
  readonly #margin: number;

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#padded = Math.ceil(dimension / valuesPerRound) * valuesPerRound;
    const bounds = [0];
    for (let end = HEAD; (bounds.at(-1) as number) < this.#padded; end *= 2) bounds.push(Math.min(end, this.#padded));
    this.#bounds = bounds;
    this.#kernel = dotKernel(this.#chunkAt(0));
    this.#views = viewsOf(this.#kernel);
    // Half a step in every value of both vectors, and what float32 rounds.
    this.#margin = (2 * Math.sqrt(dimension) * 0.51) / ONE + 1e-6;
  }

  /** How many rows there are. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#lower.length * CHUNK * (2 * this.#dimension + this.#rowBytes);
  }

  /** A row of zeros, or with a value that is not finite, becomes zeros, which are like nothing. */
  add(vector: ArrayLike<number>): void {
    const row = this.#count++;
    if (row % CHUNK === 0) {
      this.#lower.push(new Int16Array(CHUNK * this.#dimension));
      this.#kernel.grow(this.#chunkAt(this.#lower.length));
      this.#views = viewsOf(this.#kernel);
    }
    const { upper, lower, tails } = this.#directionOf(vector);
    const { values, real } = this.#views;
    for (let piece = 0; piece < this.#pieces; piece++) {
      const from = this.#bounds[piece] as number;
      const end = this.#bounds[piece + 1] as number;
      const first = this.#placeOf(row, piece);
      for (let axis = from; axis < end; axis++) values[inQuad(first, axis - from)] = upper[axis] as number;
      real[this.#tailsAt(Math.floor(row / CHUNK), piece) / 4 + (row % CHUNK)] = tails[piece] as number;
    }
    this.#lower.at(-1)?.set(lower, (row % CHUNK) * this.#dimension);
  }

  /** A row as it was added, but of length 1. */
  row(row: number): Float64Array {
    const { values } = this.#views;
    const lower = this.#lower[Math.floor(row / CHUNK)] as Int16Array;
    const low = (row % CHUNK) * this.#dimension;
    const whole = new Float64Array(this.#dimension);
    for (let piece = 0; piece < this.#pieces; piece++) {
      const from = this.#bounds[piece] as number;
      const end = Math.min(this.#bounds[piece + 1] as number, this.#dimension);
      const first = this.#placeOf(row, piece);
      for (let axis = from; axis < end; axis++) {
        whole[axis] = together(values[inQuad(first, axis - from)] as number, lower[low + axis] as number);
      }
    }
    return whole;
  }

  /**
   * The `k` rows most similar to each of the rows `queries`, the most similar first and of equals
   * the earlier; none of those in `without`. Gives way to other work between pieces of memory.
   */
  nearest(queries: readonly number[], k: number, without?: RowRange): Promise<NearRow[][]> {
    const vectors = queries.map((query) => this.row(query));
    return this.nearestTo(vectors, k, without);
  }

  /** As `nearest`, of any vectors. */
  async nearestTo(vectors: readonly ArrayLike<number>[], k: number, without?: RowRange): Promise<NearRow[][]> {
    const asked = vectors.map((vector) => {
      const own = this.#directionOf(vector);
      const whole = new Float64Array(this.#dimension);
      for (let axis = 0; axis < whole.length; axis++) {
        whole[axis] = together(own.upper[axis] as number, own.lower[axis] as number);
      }
      return { own, whole, top: new TopFound<NearRow>(k) };
    });
    const breather = new Breather();
    for (let chunk = 0; chunk < this.#lower.length; chunk++) {
      if (breather.isDue) await breather.rest();
      for (const { own, whole, top } of asked) this.#compare(chunk, own, whole, top, without);
    }
    return asked.map(({ top }) => top.sorted());
  }

  #compare(chunk: number, own: Direction, whole: Float64Array, top: TopFound<NearRow>, without?: RowRange): void {
    const { values, whole: numbers } = this.#views;
    const count = Math.min(CHUNK, this.#count - chunk * CHUNK);
    values.set(own.upper, QUERY / 2);
    numbers.fill(0, 0, CHUNK);
    const limit = () => (top.least - this.#margin) * ONE ** 2;
    const found = this.#multiply(chunk, 0, 0, Math.ceil(count / quad), own, limit(), FOUND);
    for (let place = 0; place < found; place++) {
      const four = numbers[FOUND / 4 + place] as number;
      let piece = 1;
      while (piece < this.#pieces && this.#multiply(chunk, piece, four, 1, own, limit(), STILL) === 1) piece++;
      if (piece < this.#pieces) continue;
      for (let at = four * quad; at < Math.min(count, (four + 1) * quad); at++) {
        const row = chunk * CHUNK + at;
        if ((numbers[at] as number) <= limit()) continue;
        if (without !== undefined && row >= without.first && row < without.end) continue;
        top.add({ row, similarity: Math.min(1, this.#cosine(whole, row)) });
      }
    }
  }

  /** Adds a piece's products to the sums of some fours. Returns how many may reach the limit. */
  #multiply(
    chunk: number,
    piece: number,
    four: number,
    quads: number,
    own: Direction,
    limit: number,
    found: number,
  ): number {
    const from = this.#bounds[piece] as number;
    const bytes = 2 * quad * ((this.#bounds[piece + 1] as number) - from);
    const rows = this.#pieceAt(chunk, piece) + four * bytes;
    const tails = this.#tailsAt(chunk, piece) + 4 * quad * four;
    const reach = (own.tails[piece] as number) * ONE ** 2;
    return this.#kernel.dots(QUERY + 2 * from, rows, bytes, quads, 4 * quad * four, tails, reach, limit, found);
  }

  /** By all that is kept of a row. */
  #cosine(own: Float64Array, row: number): number {
    const other = this.row(row);
    let sum = 0;
    for (let axis = 0; axis < own.length; axis++) sum += (own[axis] as number) * (other[axis] as number);
    return sum;
  }

  #directionOf(vector: ArrayLike<number>): Direction {
    const upper = new Int16Array(this.#padded);
    const lower = new Int16Array(this.#dimension);
    const tails = new Float64Array(this.#pieces);
    let square = 0;
    for (let axis = 0; axis < this.#dimension; axis++) square += (vector[axis] as number) ** 2;
    if (!(square > 0 && square < Number.POSITIVE_INFINITY)) return { upper, lower, tails };
    const scale = 1 / Math.sqrt(square);
    for (let piece = this.#pieces - 1, after = 0; piece >= 0; piece--) {
      tails[piece] = Math.sqrt(after);
      const end = Math.min(this.#bounds[piece + 1] as number, this.#dimension);
      for (let axis = this.#bounds[piece] as number; axis < end; axis++) {
        const value = (vector[axis] as number) * scale;
        const half = Math.round(value * ONE);
        upper[axis] = half;
        lower[axis] = Math.min(PARTS / 2 - 1, Math.round((value * ONE - half) * PARTS));
        after += value * value;
      }
    }
    return { upper, lower, tails };
  }

  get #pieces(): number {
    return this.#bounds.length - 1;
  }

  /** Bytes of a row's upper halves and of how long it is after its pieces. */
  get #rowBytes(): number {
    return 2 * this.#padded + 4 * this.#pieces;
  }

  #chunkAt(chunk: number): number {
    return QUERY + 2 * this.#padded + chunk * CHUNK * this.#rowBytes;
  }

  /** Byte offset of a piece of all rows of a chunk. */
  #pieceAt(chunk: number, piece: number): number {
    return this.#chunkAt(chunk) + 2 * CHUNK * (this.#bounds[piece] as number);
  }

  /** Byte offset of how long the rows of a chunk are after a piece. */
  #tailsAt(chunk: number, piece: number): number {
    return this.#chunkAt(chunk) + CHUNK * (2 * this.#padded + 4 * piece);
  }

  /** Place of the first value of a row's piece. */
  #placeOf(row: number, piece: number): number {
    const length = (this.#bounds[piece + 1] as number) - (this.#bounds[piece] as number);
    const at = row % CHUNK;
    const before = Math.floor(at / quad) * quad * length + 2 * (at % quad);
    return this.#pieceAt(Math.floor(row / CHUNK), piece) / 2 + before;
  }
}

function viewsOf({ memory }: DotKernel): Views {
  return { values: new Int16Array(memory), whole: new Int32Array(memory), real: new Float32Array(memory) };
}

/** Place of a value of a piece that begins at `first`: pairs of four rows lie beside each other. */
function inQuad(first: number, value: number): number {
  return first + (value >> 1) * 2 * quad + (value & 1);
}

/** A value of both its halves. */
function together(upper: number, lower: number): number {
  return (upper + lower / PARTS) / ONE;
}
