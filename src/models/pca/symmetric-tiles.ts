import { type MatMul, type Operand, onnxMatMul } from './mat-mul.ts';
import type { ProductPrecision } from './symmetric-operator.ts';

/**
 * Columns of one tile. Measured: 256 is a tenth slower, 1024 computes more of the mirrored half of
 * the diagonal.
 */
const tileWidth = 512;

/**
 * A symmetric float64 matrix as tiles of one triangle: slightly more than 4 D^2 bytes, half of the
 * full matrix. Tile (p, q), p >= q, holds rows of panel p and columns of panel q; the tiles on the
 * diagonal are whole.
 */
export class SymmetricTiles {
  readonly dimension: number;
  /** First column of each panel, and the dimension at the end. */
  readonly edges: readonly number[];
  readonly tiles: readonly Float64Array[];

  constructor(dimension: number) {
    this.dimension = dimension;
    const edges: number[] = [];
    for (let edge = 0; edge < dimension; edge += tileWidth) edges.push(edge);
    this.edges = [...edges, dimension];
    this.tiles = edges.flatMap((_, p) =>
      edges.slice(0, p + 1).map((_, q) => new Float64Array(this.#width(p) * this.#width(q))),
    );
  }

  /** Number of panels of columns. */
  get panels(): number {
    return this.edges.length - 1;
  }

  /** The tile at panel row `p`, panel column `q`; p >= q. */
  tile(p: number, q: number): Float64Array {
    return this.tiles[(p * (p + 1)) / 2 + q] as Float64Array;
  }

  /**
   * Adds the outer products of rows: panel p of `panels` holds their columns of panel p, `rows` x
   * width, row-major.
   */
  async addProducts(panels: readonly Float64Array[], rows: number, matMul: MatMul = onnxMatMul()): Promise<void> {
    const scratch = new Float64Array(Math.min(tileWidth, this.dimension) ** 2);
    const operand = (p: number) => {
      const columns = this.#width(p);
      return { values: (panels[p] as Float64Array).subarray(0, rows * columns), rows, columns };
    };
    for (let p = 0; p < this.panels; p++) {
      for (let q = 0; q <= p; q++) {
        const tile = this.tile(p, q);
        const product = scratch.subarray(0, tile.length);
        await matMul.multiply({ ...operand(p), transposed: true }, operand(q), product);
        for (let index = 0; index < tile.length; index++) {
          tile[index] = (tile[index] as number) + (product[index] as number);
        }
      }
    }
  }

  /** The matrix x block; the block is D x `columns`, row-major. See `SymmetricOperator`. */
  async times(
    block: Float64Array,
    columns: number,
    precision: ProductPrecision = 'float64',
    target: Float64Array = new Float64Array(this.dimension * columns),
    matMul: MatMul = onnxMatMul(),
  ): Promise<Float64Array> {
    const result = target.fill(0);
    const width = Math.min(tileWidth, this.dimension);
    const make = (length: number) => (precision === 'float32' ? new Float32Array(length) : new Float64Array(length));
    const scratch = make(width * columns);
    const rounded = precision === 'float32' ? new Float32Array(width ** 2) : undefined;
    const operand = precision === 'float32' ? Float32Array.from(block) : block;
    const rowsOf = <Values extends Float32Array | Float64Array>(values: Values, p: number) =>
      values.subarray((this.edges[p] as number) * columns, (this.edges[p + 1] as number) * columns) as Values;
    // Products of one tile with the rows of panel `from`, added to those of panel `to`.
    const add = async (tile: Operand<Float32Array | Float64Array>, from: number, to: number) => {
      const product = scratch.subarray(0, this.#width(to) * columns);
      await matMul.multiply(tile, { values: rowsOf(operand, from), rows: this.#width(from), columns }, product);
      const sums = rowsOf(result, to);
      for (let index = 0; index < sums.length; index++) {
        sums[index] = (sums[index] as number) + (product[index] as number);
      }
    };
    for (let p = 0; p < this.panels; p++) {
      for (let q = 0; q <= p; q++) {
        const stored = this.tile(p, q);
        rounded?.set(stored);
        const values = rounded?.subarray(0, stored.length) ?? stored;
        const tile = { values, rows: this.#width(p), columns: this.#width(q) };
        await add(tile, q, p);
        // A tile below the diagonal stands for its mirror image too.
        if (p !== q) await add({ ...tile, transposed: true }, p, q);
      }
    }
    return result;
  }

  /** Calls back with every stored element once: row >= column panel-wise, diagonal tiles whole. */
  change(update: (value: number, row: number, column: number) => number): void {
    for (let p = 0; p < this.panels; p++) {
      for (let q = 0; q <= p; q++) {
        const tile = this.tile(p, q);
        const [width, firstRow, firstColumn] = [this.#width(q), this.edges[p] as number, this.edges[q] as number];
        for (let index = 0, row = firstRow; index < tile.length; row++) {
          for (let column = firstColumn; column < firstColumn + width; column++, index++) {
            tile[index] = update(tile[index] as number, row, column);
          }
        }
      }
    }
  }

  /** The diagonal. */
  diagonal(): Float64Array {
    return Float64Array.from({ length: this.dimension }, (_, index) => {
      const p = Math.floor(index / tileWidth);
      const within = index - p * tileWidth;
      return this.tile(p, p)[within * this.#width(p) + within] as number;
    });
  }

  /** The full matrix, row-major. */
  dense(): Float64Array {
    const full = new Float64Array(this.dimension ** 2);
    this.change((value, row, column) => {
      full[row * this.dimension + column] = value;
      full[column * this.dimension + row] = value;
      return value;
    });
    return full;
  }

  #width(p: number): number {
    return (this.edges[p + 1] as number) - (this.edges[p] as number);
  }
}
