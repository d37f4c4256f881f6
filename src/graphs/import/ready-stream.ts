import type { ImportedStream } from './import-options.ts';

/** A stream whose values for the store can be read, item by item. */
export interface ReadyStream extends Omit<ImportedStream, 'items' | 'lacking'> {
  /** Rows per item; a single row serves for all subclips. */
  readonly rowsPerItem: number;
  /** What the store records about it: columns, scales, categories. */
  readonly described: Readonly<Record<string, unknown>>;
  has(item: number): boolean;
  /** Fills `rowsPerItem * dimension` values. */
  read(item: number, into: Float32Array): void;
}
