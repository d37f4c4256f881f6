/** A stream of features of a source. */
export interface SourceModality {
  readonly name: string;
  readonly dimension: number;
  /** Subclips per item. */
  readonly steps: number;
}

/**
 * Features of items on disk, read for a batch at a time. Item numbers are those of the ratings.
 */
export interface FeatureSource {
  readonly modalities: readonly SourceModality[];
  /**
   * Reads the features of `items`: for each modality, `into[name]` gets items.length x steps x
   * dimension values, row-major.
   *
   * @returns for each modality a flag per item: 1 if the item has it, else 0 (its values are then
   * ignored, and zeros are used).
   */
  read(items: Int32Array, into: Readonly<Record<string, Float32Array>>): Promise<Readonly<Record<string, Uint8Array>>>;
}
