import type { FeaturePlace } from './feature-fault.ts';

/** Vectors that a feature file has of its items. */
export interface FileStream {
  /**
   * Column or array that they come from; undefined when the file has only this stream, made of many
   * columns or of all there is.
   */
  readonly name: string | undefined;
  /** What the values are called, where they have names. */
  readonly columns: readonly string[] | undefined;
}

/** One row of a feature file. */
export interface FeatureRow {
  readonly itemId: string;
  /** Which of its item's rows it is, where items may have several. */
  readonly subclip: number | undefined;
  /**
   * One for each stream: its values, NaN where one is missing or not finite; undefined where the
   * row has none. Valid during the call.
   */
  readonly vectors: readonly (ArrayLike<number> | undefined)[];
  readonly place: FeaturePlace;
}

/** A file of features whose layout has been found out. */
export interface FeatureFile {
  readonly path: string;
  readonly streams: readonly FileStream[];
  /** Whether an item may have several rows. */
  readonly hasSubclips: boolean;
  /** Columns or arrays that are neither ids nor values. */
  readonly passedOver: readonly string[];
  /** Reads the file from its beginning to its end, and calls `take` with every row. */
  read(take: (row: FeatureRow) => void): Promise<void>;
}

/** How a feature file is read. */
export interface FeatureFileOptions {
  /** Column (array) of the items' ids. Default: the first that is named as one, else the first. */
  readonly id?: string | undefined;
  /**
   * File with the ids of the rows in their order, for one that has none itself: a list, CSV, or
   * `.npy`.
   */
  readonly ids?: string | undefined;
  /** Column that tells which row of its item a row is. Default: `subclip`, where there is one. */
  readonly subclip?: string | undefined;
  /** Column (array) that holds whole vectors. */
  readonly column?: string | undefined;
  /** Columns that each hold one value of the vectors. */
  readonly columns?: readonly string[] | undefined;
}
