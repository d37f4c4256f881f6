import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkComponents, checkVariance, fixSigns, type Pca } from './fitted-pca.ts';
import { checkRows } from './row-blocks.ts';
import { topSingular } from './top-singular.ts';

/**
 * scikit-learn's IncrementalPCA (Ross, Lim, Lin and Yang 2008). Each batch of m rows is stacked
 * under what is kept of the n rows before it,
 *
 *     A = [ diag(S) V ; X - mean(X) ; sqrt(n m / (n + m)) (mean - mean(X)) ]
 *
 * and the k largest singular values S and right singular vectors V of A are kept. What lies outside
 * the k axes is discarded with each batch, so it captures a little less variance than `fitExact`
 * and depends on the order of the rows and how they are cut into batches. The columns' means and
 * variances are exact (Chan, Golub and LeVeque 1979). Computed in float64.
 *
 * `partialFit` takes each call as one batch, as scikit-learn's `partial_fit` does. `add` and
 * `finish` cut a stream as its `fit` does: batches of `batchSize` rows, the last one longer if
 * fewer than `components` rows would be left for it. Memory: three times (k + m) D float64 values,
 * where D is the dimension, and the rows waiting for their batch.
 *
 * @example
 * const fitting = new IncrementalPca({ components: 600, batchSize: 1200 });
 * await fitting.add(new Float32Array(5000 * 4096), 5000);
 * const pca = await fitting.finish();
 */
export class IncrementalPca {
  readonly #components: number;
  readonly #batchSize: number;
  #count = 0;
  #mean = new Float64Array(0);
  /** Population variance of each column, times the rows. */
  #squares = new Float64Array(0);
  #singularValues: Float64Array = new Float64Array(0);
  #axes: Float64Array = new Float64Array(0);
  #waiting = new Float32Array(0);
  #waitingRows = 0;
  #busy = false;

  /**
   * @param options.batchSize rows per batch of `add`; default 2 x components, at least
   * `components`. (scikit-learn's default is 5 x dimension, which at 8192 dimensions would hold 1.3
   * GB of waiting rows.)
   * @throws UsageError for arguments that are not positive integers, or a batch of fewer rows than
   * components.
   */
  constructor(options: { components: number; batchSize?: number | undefined }) {
    this.#components = checkInteger('components', options.components);
    this.#batchSize = checkInteger('batchSize', options.batchSize ?? 2 * options.components, options.components);
  }

  /** Number of rows fitted, not counting waiting ones. */
  get count(): number {
    return this.#count;
  }

  /**
   * Fits `count` rows as one batch. The dimension is that of the first call: `rows.length / count`.
   *
   * @throws UsageError for fewer rows than components, another dimension, NaN or infinity, or while
   * rows given to `add` are waiting.
   */
  async partialFit(rows: Float32Array, count: number): Promise<void> {
    if (this.#waitingRows > 0)
      throw new UsageError('`partialFit` must not be mixed with `add`: rows wait for their batch');
    await this.#exclusively(async () => {
      this.#accept(rows, count);
      await this.#fit(rows.subarray(0, count * this.#mean.length), count);
    });
  }

  /**
   * Adds rows of a stream; batches are fitted as they fill up. The array may be reused once the
   * promise has settled.
   *
   * @throws UsageError for another dimension, NaN or infinity.
   */
  async add(rows: Float32Array, count: number): Promise<void> {
    checkInteger('count', count, 0);
    if (count === 0) return;
    await this.#exclusively(async () => {
      this.#accept(rows, count);
      const dimension = this.#mean.length;
      // A batch is fitted only if enough rows for another one follow; otherwise they all belong to
      // the last, longer one.
      const hold = this.#batchSize + this.#components;
      if (this.#waiting.length === 0) this.#waiting = new Float32Array(hold * dimension);
      for (let row = 0; row < count; ) {
        const taken = Math.min(count - row, hold - this.#waitingRows);
        this.#waiting.set(rows.subarray(row * dimension, (row + taken) * dimension), this.#waitingRows * dimension);
        this.#waitingRows += taken;
        row += taken;
        if (this.#waitingRows < hold) continue;
        await this.#fit(this.#waiting.subarray(0, this.#batchSize * dimension), this.#batchSize);
        this.#waiting.copyWithin(0, this.#batchSize * dimension);
        this.#waitingRows -= this.#batchSize;
      }
    });
  }

  /**
   * Fits the waiting rows as the last batch.
   *
   * @returns the PCA, as `model()`.
   */
  async finish(): Promise<Pca> {
    await this.#exclusively(async () => {
      if (this.#waitingRows === 0) return;
      await this.#fit(this.#waiting.subarray(0, this.#waitingRows * this.#mean.length), this.#waitingRows);
      this.#waitingRows = 0;
      this.#waiting = new Float32Array(0);
    });
    return this.current();
  }

  /**
   * The PCA of the rows fitted so far. Its ratios match scikit-learn's: S^2 over the sum of squared
   * deviations.
   *
   * @throws UsageError before the first batch, while rows are waiting (call `finish`), or if the
   * rows do not vary.
   */
  current(): Pca {
    if (this.#waitingRows > 0) throw new UsageError(`${this.#waitingRows} rows wait for their batch: call \`finish\``);
    if (this.#count < 2) throw new UsageError(`PCA must have at least 2 rows, but has ${this.#count}`);
    const sum = this.#squares.reduce((total, value) => total + value, 0);
    const totalVariance = checkVariance(sum / (this.#count - 1), this.#count);
    const explainedVariance = this.#singularValues.map((value) => value ** 2 / (this.#count - 1));
    return {
      algorithm: 'incremental',
      dimension: this.#mean.length,
      components: this.#components,
      mean: Float32Array.from(this.#mean),
      axes: Float32Array.from(this.#axes),
      explainedVariance,
      explainedVarianceRatio: explainedVariance.map((value) => value / totalVariance),
      totalVariance,
      rows: this.#count,
    };
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#busy) throw new UsageError('rows must be added one call after the other: await each');
    this.#busy = true;
    try {
      await work();
    } finally {
      this.#busy = false;
    }
  }

  /** Checks rows; the first ones determine the dimension. */
  #accept(rows: Float32Array, count: number): void {
    checkInteger('count', count);
    const dimension = rows.length / count;
    if (this.#mean.length === 0) {
      if (!Number.isInteger(dimension) || dimension < 1) {
        throw new UsageError(`\`rows\` must hold ${count} rows of equal length, but holds ${rows.length} values`);
      }
      checkRows(rows, count, dimension, 0);
      if (dimension < this.#components) checkComponents(this.#components, count, dimension);
      this.#mean = new Float64Array(dimension);
      this.#squares = new Float64Array(dimension);
    } else checkRows(rows, count, this.#mean.length, this.#count + this.#waitingRows);
    if (dimension !== this.#mean.length) {
      throw new UsageError(`\`rows\` must have ${this.#mean.length} values each, but have ${dimension}`, {
        code: 'dimension',
        remedy: 'Check that all vectors have the dimension of the first.',
      });
    }
  }

  async #fit(rows: Float32Array, count: number): Promise<void> {
    checkComponents(this.#components, count, this.#mean.length);
    const dimension = this.#mean.length;
    const batchMean = meanOf(rows, count, dimension);
    const kept = this.#count === 0 ? 0 : this.#components;
    const height = kept === 0 ? count : kept + count + 1;
    const stack = new Float64Array(height * dimension);
    for (let axis = 0; axis < kept; axis++) {
      const scale = this.#singularValues[axis] as number;
      for (let at = axis * dimension; at < (axis + 1) * dimension; at++) {
        stack[at] = scale * (this.#axes[at] as number);
      }
    }
    const together = this.#count + count;
    const weight = Math.sqrt((this.#count / together) * count);
    for (let column = 0; column < dimension; column++) {
      const mean = batchMean[column] as number;
      let squares = 0;
      for (let row = 0; row < count; row++) {
        const value = (rows[row * dimension + column] as number) - mean;
        stack[(kept + row) * dimension + column] = value;
        squares += value * value;
      }
      const apart = weight * ((this.#mean[column] as number) - mean);
      if (kept > 0) stack[(height - 1) * dimension + column] = apart;
      this.#squares[column] = (this.#squares[column] as number) + squares + apart * apart;
      this.#mean[column] = ((this.#mean[column] as number) * this.#count + mean * count) / together;
    }
    const { values, vectors } = await topSingular(stack, height, dimension, this.#components);
    fixSigns(vectors, this.#components, dimension);
    this.#singularValues = values;
    this.#axes = vectors;
    this.#count = together;
  }
}

function meanOf(rows: Float32Array, count: number, dimension: number): Float64Array {
  const mean = new Float64Array(dimension);
  for (let row = 0, at = 0; row < count; row++) {
    for (let column = 0; column < dimension; column++, at++) {
      mean[column] = (mean[column] as number) + (rows[at] as number);
    }
  }
  return mean.map((value) => value / count);
}
