/** A symmetric, positive semi-definite matrix that is only ever multiplied with blocks of columns. */
export interface SymmetricOperator {
  readonly dimension: number;
  /** Sum of the diagonal = sum of all eigenvalues. */
  readonly trace: number;
  /** Matrix x block; the block is `dimension` x `columns`, row-major. */
  times(block: Float64Array, columns: number): Promise<Float64Array>;
  /** The whole matrix, row-major: for small dimensions only. */
  dense(): Float64Array;
}
