import { readFile } from 'node:fs/promises';
import { type RecordBatch, type Schema, tableFromIPC } from 'apache-arrow';
import { UsageError } from '../../errors.ts';

/** An open table: its schema, and its rows as record batches. */
export interface TableReader {
  readonly path: string;
  readonly schema: Schema;
  readonly metadata: ReadonlyMap<string, string>;
  batches(): AsyncGenerator<{ batch: RecordBatch; file: string; firstRow: number }>;
  close(): Promise<void>;
}

/**
 * Opens a Parquet or Arrow IPC file.
 *
 * @throws UsageError `table` when it cannot be read.
 */
export async function openTable(path: string, options: { columns?: readonly string[] } = {}): Promise<TableReader> {
  const bytes = await readFile(path);
  const table = tableFromIPC(bytes.toString('latin1', 0, 4) === 'PAR1' ? await toArrow(path, bytes) : bytes);
  const wanted = options.columns === undefined ? table : table.select([...options.columns]);
  return {
    path,
    schema: wanted.schema,
    metadata: wanted.schema.metadata,
    async *batches() {
      let firstRow = 0;
      for (const batch of wanted.batches) {
        yield { batch, file: path, firstRow };
        firstRow += batch.numRows;
      }
    },
    close: async () => undefined,
  };
}

async function toArrow(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  const parquet = await import('parquet-wasm');
  try {
    return parquet.readParquet(bytes).intoIPCStream();
  } catch (error) {
    throw new UsageError(`${path} is not a whole Parquet file: ${String(error)}`, { code: 'table', cause: error });
  }
}
