/**
 * Training, validation and test ratings: row numbers of a table, each list ascending, with no row
 * in two of them. A row of the table may be in none.
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
   * int32[], only if test users are not in training: ratings by them that a recommender may use but
   * does not train on.
   */
  readonly foldIn?: Int32Array | undefined;
}
