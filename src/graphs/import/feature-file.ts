import type { FeaturePlace } from './feature-fault.ts';

/** One kind of vectors that a feature file has for its items. */
export interface FileStream {
  /**
   * Column or array that they come from; undefined when the file has only this stream, made from
   * many columns or from everything it has.
   */
  readonly name: string | undefined;
  /** The names of the values, if they have names. */
  readonly columns: readonly string[] | undefined;
}

/** One row of a feature file. */
export interface FeatureRow {
  readonly itemId: string;
  /** Which of its item's rows it is, if items may have several. */
  readonly subclip: number | undefined;
  /**
   * One for each stream: its values, NaN where one is missing or not finite; undefined if the row
   * has none. Valid only during the call.
   */
  readonly vectors: readonly (ArrayLike<number> | undefined)[];
  readonly place: FeaturePlace;
}

/** A file of features whose layout is known. */
export interface FeatureFile {
  readonly path: string;
  readonly streams: readonly FileStream[];
  /** Whether an item may have several rows. */
  readonly hasSubclips: boolean;
  /** Columns or arrays that are neither ids nor values. */
  readonly passedOver: readonly string[];
  /** Columns of numbers that cannot be used, and why. */
  readonly spoilt?: readonly { readonly column: string; readonly why: string }[] | undefined;
  /** Reads the file from start to end, and calls `take` with every row. */
  read(take: (row: FeatureRow) => void): Promise<void>;
  /** Removes what was written to read it. */
  readonly close?: (() => Promise<void>) | undefined;
}

/** How to read a feature file. */
export interface FeatureFileOptions {
  /**
   * Column (array) of the items' ids. Default: the first with a usual name for ids, else the first.
   */
  readonly id?: string | undefined;
  /**
   * File with the ids of the rows in order, for a feature file that has none: a list, CSV, or
   * `.npy`.
   */
  readonly ids?: string | undefined;
  /** Column that numbers the rows of each item. Default: `subclip`, if there is one. */
  readonly subclip?: string | undefined;
  /** Column (array) that holds whole vectors. */
  readonly column?: string | undefined;
  /** Columns that each hold one value of the vectors. */
  readonly columns?: readonly string[] | undefined;
}
