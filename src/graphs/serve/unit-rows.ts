import { Breather } from '../../core/breather.ts';

/** Rows of a piece of memory. */
const CHUNK = 1024;
/** Values that are multiplied before a row may be given up. */
const HEAD = 64;
/** What float32 may be wrong by: a bound is never below what it bounds. */
const ROUNDING = 1e-5;

/**
 * Many vectors of one length, each scaled to length 1, compared by cosine. What the first values of
 * two vectors have in common, and how long the rest of each is, bounds their cosine: a row whose
 * bound is too low for the best found so far need not be multiplied further. After a PCA the first
 * values are the longest, and few rows are.
 */
export class UnitRows {
  readonly #dimension: number;
  readonly #head: number;
  readonly #chunks: Float32Array[] = [];
  /** How long each row is after its head. */
  readonly #tails: number[] = [];

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#head = Math.min(HEAD, dimension);
  }

  get bytes(): number {
    return this.#chunks.length * CHUNK * this.#dimension * Float32Array.BYTES_PER_ELEMENT;
  }

  /** A row of zeros stays one, and is like nothing. */
  add(vector: ArrayLike<number>): void {
    const row = this.#tails.length;
    if (row % CHUNK === 0) this.#chunks.push(new Float32Array(CHUNK * this.#dimension));
    let square = 0;
    for (let axis = 0; axis < this.#dimension; axis++) square += (vector[axis] as number) ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    const [values, at] = this.#place(row);
    let tail = 0;
    for (let axis = 0; axis < this.#dimension; axis++) {
      const value = (vector[axis] as number) * scale;
      values[at + axis] = value;
      if (axis >= this.#head) tail += value * value;
    }
    this.#tails.push(Math.sqrt(tail));
  }

  /**
   * Visits every row with a bound of its cosine with row `query`, and a function that gives the
   * cosine. Gives way to other work between pieces of memory.
   */
  async compare(query: number, visit: (row: number, bound: number, similarity: () => number) => void): Promise<void> {
    const [from, start] = this.#place(query);
    const own = from.slice(start, start + this.#dimension);
    const ownTail = this.#tails[query] as number;
    const [head, dimension] = [this.#head, this.#dimension];
    let [values, at, common]: [Float32Array, number, number] = [own, 0, 0];
    const similarity = () => Math.min(1, common + dot(own, values, at, head, dimension));
    const breather = new Breather();
    for (let row = 0; row < this.#tails.length; row++) {
      if (row % CHUNK === 0 && breather.isDue) await breather.rest();
      [values, at] = this.#place(row);
      common = dot(own, values, at, 0, head);
      visit(row, common + ownTail * (this.#tails[row] as number) + ROUNDING, similarity);
    }
  }

  #place(row: number): [Float32Array, number] {
    return [this.#chunks[Math.floor(row / CHUNK)] as Float32Array, (row % CHUNK) * this.#dimension];
  }
}

/** Of the axes from `first` on; four sums at a time, which a processor adds beside each other. */
function dot(own: Float32Array, values: Float32Array, at: number, first: number, end: number): number {
  let [one, two, three, four] = [0, 0, 0, 0];
  let axis = first;
  for (; axis + 3 < end; axis += 4) {
    one += (own[axis] as number) * (values[at + axis] as number);
    two += (own[axis + 1] as number) * (values[at + axis + 1] as number);
    three += (own[axis + 2] as number) * (values[at + axis + 2] as number);
    four += (own[axis + 3] as number) * (values[at + axis + 3] as number);
  }
  for (; axis < end; axis++) one += (own[axis] as number) * (values[at + axis] as number);
  return one + two + three + four;
}
