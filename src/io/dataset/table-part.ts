import type { RecordBatch, Schema } from 'apache-arrow';

/** One file of a table, open for reading. */
export interface TablePart {
  readonly path: string;
  /** All columns of the file. */
  readonly schema: Schema;
  /**
   * Its rows, with only the wanted columns. `firstRow` is the number of the batch's first row in
   * the file, from 0.
   */
  batches(): AsyncGenerator<{ readonly batch: RecordBatch; readonly firstRow: number }>;
  close(): Promise<void>;
}
