/** The type that products of tiles are computed in; they are summed in float64. */
export type ProductPrecision = 'float32' | 'float64';

/**
 * A symmetric, positive semi-definite matrix that is only ever multiplied with blocks of columns.
 */
export interface SymmetricOperator {
  readonly dimension: number;
  /** Sum of the diagonal = sum of all eigenvalues. */
  readonly trace: number;
  /**
   * Matrix x block; the block is `dimension` x `columns`, row-major. In float32 the products of
   * tiles are rounded to 1e-7 of their size, at half the time.
   *
   * @param target receives the result, of the block's size; default a new array.
   */
  times(
    block: Float64Array,
    columns: number,
    precision?: ProductPrecision,
    target?: Float64Array,
  ): Promise<Float64Array>;
  /** The whole matrix, row-major: for small dimensions only. */
  dense(): Float64Array;
}
