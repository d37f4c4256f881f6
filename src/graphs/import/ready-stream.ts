import type { ImportedStream } from './import-options.ts';

/** A stream of which the store's values can be read, item by item. */
export interface ReadyStream extends Omit<ImportedStream, 'items' | 'lacking'> {
  /** Rows that an item has; one serves all subclips of the others. */
  readonly rowsPerItem: number;
  /** What the store says of it: columns, scales, categories. */
  readonly described: Readonly<Record<string, unknown>>;
  has(item: number): boolean;
  /** Fills `rowsPerItem * dimension` values. */
  read(item: number, into: Float32Array): void;
}
