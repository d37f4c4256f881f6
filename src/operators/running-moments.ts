/**
 * Running mean and population variance of vectors, element by element, in float64 (Welford 1962):
 *
 *     mean' = mean + (x - mean) / n
 *     m2'   = m2 + (x - mean) (x - mean')
 *
 * The variance m2 / n never subtracts two large sums, so a large common offset costs no digits.
 * Memory: 8 D bytes, 16 D with the variance.
 */
export class RunningMoments {
  /** Rows added since the last `clear`. */
  count = 0;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array | undefined;

  constructor(dimension: number, options: { variance: boolean }) {
    this.#mean = new Float64Array(dimension);
    this.#squares = options.variance ? new Float64Array(dimension) : undefined;
  }

  /** Bytes it keeps. */
  get byteLength(): number {
    return this.#mean.byteLength + (this.#squares?.byteLength ?? 0);
  }

  /** Adds one row of `dimension` values. */
  add(row: Float32Array): void {
    const mean = this.#mean;
    const squares = this.#squares;
    this.count += 1;
    const share = 1 / this.count;
    if (squares) {
      for (let column = 0; column < mean.length; column += 1) {
        const value = row[column] as number;
        const before = value - (mean[column] as number);
        const updated = (mean[column] as number) + before * share;
        mean[column] = updated;
        squares[column] = (squares[column] as number) + before * (value - updated);
      }
    } else {
      for (let column = 0; column < mean.length; column += 1) {
        const before = mean[column] as number;
        mean[column] = before + ((row[column] as number) - before) * share;
      }
    }
  }

  /** Writes the mean of the rows added, as float32, from `offset` on. */
  writeMean(target: Float32Array, offset: number): void {
    target.set(this.#mean, offset);
  }

  /**
   * Writes the population variance (divided by n) of the rows added, as float32, from `offset` on.
   */
  writeVariance(target: Float32Array, offset: number): void {
    const squares = this.#squares;
    if (!squares) throw new RangeError('these moments were made without a variance');
    for (let column = 0; column < squares.length; column += 1) {
      target[offset + column] = (squares[column] as number) / this.count;
    }
  }

  /** Forgets all rows. */
  clear(): void {
    this.count = 0;
    this.#mean.fill(0);
    this.#squares?.fill(0);
  }
}
