import { type RecordBatch, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { recordBatch } from './batch-columns.ts';
import { RowColumn, WrongValue } from './row-column.ts';
import type { ParsedRowType } from './row-types.ts';

/** Rows of one table of a unit, as the bytes of an Arrow IPC stream with one record batch. */
export interface RowTable {
  readonly table: string;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** Takes rows one by one, checks them against their schema, and copies their values. */
export class RowTableBuilder {
  readonly #table: string;
  readonly #columns: readonly RowColumn[];
  readonly #names: ReadonlySet<string>;
  #rows = 0;

  constructor(table: string, schema: ReadonlyMap<string, ParsedRowType>) {
    this.#table = table;
    this.#columns = [...schema].map(([name, type]) => new RowColumn(name, type));
    this.#names = new Set(schema.keys());
  }

  /** Bytes that it holds. */
  get byteLength(): number {
    return this.#columns.reduce((sum, column) => sum + column.byteLength, 0);
  }

  /** @throws UsageError naming the column, what was expected and what was given. */
  push(row: unknown): void {
    if (typeof row !== 'object' || row === null) {
      throw new UsageError(`a row of '${this.#table}' must be an object of its columns, but is ${shown(row)}`);
    }
    for (const column of this.#columns) {
      try {
        column.push((row as Readonly<Record<string, unknown>>)[column.name]);
      } catch (error) {
        if (!(error instanceof WrongValue)) throw error;
        throw new UsageError(
          `column '${column.name}' of row ${this.#rows} of '${this.#table}' must be ${error.message}`,
        );
      }
    }
    const unknown = Object.keys(row).find((name) => !this.#names.has(name));
    if (unknown !== undefined) {
      throw new UsageError(
        `row ${this.#rows} of '${this.#table}' has '${unknown}', which is not a column: they are ${[...this.#names].join(', ')}`,
      );
    }
    this.#rows += 1;
  }

  finish(): RowTable {
    const batch = recordBatch(
      this.#columns.map((column) => column.finish()),
      this.#rows,
    );
    return { table: this.#table, rows: this.#rows, bytes: tableToIPC(new Table(batch.schema, [batch]), 'stream') };
  }
}

/** The record batch of a table's rows. @throws RangeError when there is not exactly one. */
export function batchOfRows({ table, rows, bytes }: RowTable): RecordBatch {
  const [batch] = tableFromIPC(bytes).batches;
  if (batch === undefined || batch.numRows !== rows) throw new RangeError(`the rows of '${table}' are not whole`);
  return batch;
}
