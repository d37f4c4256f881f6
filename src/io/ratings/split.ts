/**
 * Training, validation and test ratings: row numbers of a table, each list ascending, no row in two
 * of them. A table's row may be in none.
 */
export interface Split {
  readonly name: string;
  /** int32[]. */
  readonly train: Int32Array;
  /** int32[]: for early stopping only; may be empty. */
  readonly validation: Int32Array;
  /** int32[]. */
  readonly test: Int32Array;
  /**
   * int32[], only where test users are not in training: ratings of them that a recommender may look
   * at, and does not learn from.
   */
  readonly foldIn?: Int32Array | undefined;
}
