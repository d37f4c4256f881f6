import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { type MatMul, onnxMatMul } from './mat-mul.ts';
import { checkRows } from './row-blocks.ts';
import { SymmetricTiles } from './symmetric-tiles.ts';

/**
 * Number of rows gathered before their products are computed together; 4 MiB at 1024 dimensions.
 */
const blockRows = 512;
/** Moments of a larger dimension would take more than 16 GiB. */
const dimensionLimit = 65_536;

/** The values of moments, as kept in their file. */
export interface MomentValues {
  readonly count: number;
  /** The shift c about which sums and products are taken, D. */
  readonly shift: Float64Array;
  /** Sum of (x - c), D. */
  readonly sum: Float64Array;
  /** Sum of (x - c)(x - c)', D x D. */
  readonly products: SymmetricTiles;
}

/**
 * The exact moments of rows: their number n, and about a shift c near their mean
 *
 *     s = sum of (x - c)        P = sum of (x - c)(x - c)'
 *
 * in float64 throughout. They determine mean and covariance: m = c + s / n, C = (P - s s' / n) / (n
 * - 1). The shift is the mean of the first 512 rows unless it is given: without one, a large mean
 * would cost digits. Rows wait in blocks of 512 whose products are computed together, so how rows
 * are cut into calls changes no bit. Memory: 4 D^2 bytes (one triangle), and 4 KiB x D while rows
 * wait.
 *
 * @example
 * const moments = new Moments(4096);
 * await moments.add(new Float32Array(5000 * 4096), 5000);
 * const pca = await fitExact(moments, { variance: 0.95 });
 */
export class Moments {
  readonly dimension: number;
  readonly #matMul: MatMul;
  #products: SymmetricTiles;
  #sum: Float64Array;
  #shift: Float64Array | undefined;
  #settled = 0;
  #waiting = 0;
  #panels: Float64Array[] | undefined;
  #busy = false;

  /**
   * @param options.shift a fixed shift of D finite values.
   * @throws UsageError for a dimension that is not an integer from 1 to 65,536.
   */
  constructor(dimension: number, options: { shift?: ArrayLike<number> | undefined; matMul?: MatMul | undefined } = {}) {
    this.dimension = checkInteger('dimension', dimension, 1, dimensionLimit);
    this.#matMul = options.matMul ?? onnxMatMul();
    if (options.shift !== undefined) {
      const shift = Float64Array.from(options.shift);
      if (shift.length !== dimension || !shift.every(Number.isFinite)) {
        throw new UsageError(`\`shift\` must be ${dimension} finite numbers, but is ${shift.length} numbers`);
      }
      this.#shift = shift;
    }
    this.#products = new SymmetricTiles(dimension);
    this.#sum = new Float64Array(dimension);
  }

  /** Moments with the given values, which are not copied. */
  static of(values: MomentValues): Moments {
    const moments = new Moments(values.products.dimension, { shift: values.shift });
    moments.#products = values.products;
    moments.#sum = values.sum;
    moments.#settled = values.count;
    return moments;
  }

  /** Number of rows added. */
  get count(): number {
    return this.#settled + this.#waiting;
  }

  /**
   * Adds `count` rows, row-major. The array may be reused once the promise has settled. Either all
   * rows are added or, on error, none.
   *
   * @throws UsageError `dimension` if there are too few values, `not-finite` naming the first row
   * with NaN or infinity, `usage` if the previous call has not settled yet.
   */
  async add(rows: Float32Array, count: number): Promise<void> {
    this.#enter();
    try {
      checkRows(rows, count, this.dimension, this.count);
      for (let row = 0; row < count; ) {
        const taken = Math.min(count - row, blockRows - this.#waiting);
        this.#stage(rows, row, taken);
        row += taken;
        if (this.#waiting === blockRows) await this.#compute();
      }
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Computes waiting rows; required before `values`, merging or encoding. More rows may be added
   * afterwards.
   */
  async settle(): Promise<void> {
    this.#enter();
    try {
      if (this.#waiting > 0) await this.#compute();
      this.#panels = undefined;
    } finally {
      this.#busy = false;
    }
  }

  /**
   * The moments of all rows, not copied.
   *
   * @throws UsageError while rows are waiting: call `settle` first.
   */
  get values(): MomentValues {
    if (this.#waiting > 0 || this.#busy) {
      throw new UsageError(`moments must be settled, but ${this.#waiting} rows wait`, {
        remedy: 'Call `await moments.settle()` first.',
      });
    }
    const shift = this.#shift ?? new Float64Array(this.dimension);
    return { count: this.#settled, shift, sum: this.#sum, products: this.#products };
  }

  #enter(): void {
    if (this.#busy) throw new UsageError('moments must be added to one call after the other: await each');
    this.#busy = true;
  }

  /**
   * Copies rows to the panels, one column panel after another, so that each is a contiguous
   * operand.
   */
  #stage(rows: Float32Array, first: number, count: number): void {
    const { edges } = this.#products;
    this.#panels ??= edges.slice(1).map((edge, p) => new Float64Array(blockRows * (edge - (edges[p] as number))));
    for (const [p, panel] of this.#panels.entries()) {
      const start = edges[p] as number;
      const width = (edges[p + 1] as number) - start;
      for (let row = 0; row < count; row++) {
        const from = (first + row) * this.dimension + start;
        panel.set(rows.subarray(from, from + width), (this.#waiting + row) * width);
      }
    }
    this.#waiting += count;
  }

  async #compute(): Promise<void> {
    const panels = this.#panels as Float64Array[];
    const rows = this.#waiting;
    this.#shift ??= this.#pendingMean(panels, rows);
    for (const [p, panel] of panels.entries()) {
      const start = this.#products.edges[p] as number;
      const width = panel.length / blockRows;
      const shift = this.#shift.subarray(start, start + width);
      const sum = this.#sum.subarray(start, start + width);
      for (let row = 0; row < rows; row++) {
        for (let column = 0, at = row * width; column < width; column++, at++) {
          const value = (panel[at] as number) - (shift[column] as number);
          panel[at] = value;
          sum[column] = (sum[column] as number) + value;
        }
      }
    }
    await this.#products.addProducts(panels, rows, this.#matMul);
    this.#settled += rows;
    this.#waiting = 0;
  }

  #pendingMean(panels: readonly Float64Array[], rows: number): Float64Array {
    const mean = new Float64Array(this.dimension);
    for (const [p, panel] of panels.entries()) {
      const start = this.#products.edges[p] as number;
      const width = panel.length / blockRows;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < width; column++) {
          mean[start + column] = (mean[start + column] as number) + (panel[row * width + column] as number);
        }
      }
    }
    for (let column = 0; column < mean.length; column++) mean[column] = (mean[column] as number) / rows;
    return mean;
  }
}
