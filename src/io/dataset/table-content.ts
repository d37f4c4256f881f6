import type { RecordBatch } from 'apache-arrow';
import { type BatchColumn, listColumn, numberColumn, recordBatch, textColumn } from './batch-columns.ts';
import { rowsOfCut } from './cut.ts';
import type { DatasetDescription } from './dataset-file.ts';
import type { ParquetEncoding } from './parquet.ts';
import { columnProvenance, rowTableProvenance, tableProvenance } from './provenance.ts';
import { batchOfRows, type RowTable } from './row-table.ts';
import { type ParsedRowType, parseRowSchema, type RowSchema } from './row-types.ts';
import { countName, type UnitTable } from './schema.ts';
import { type TablePlan, tablePath } from './table-plan.ts';
import { UNIT_COLUMNS, type UnitRows, unitColumns } from './unit-columns.ts';

/** What a Parquet table takes from units, and how. */
export interface TableContent<Taken = unknown> {
  /** Directory of its parts, relative to the dataset's. */
  readonly path: string;
  /** Approximate bytes of a row before compression. */
  readonly rowBytes: number;
  /** Columns small enough for dictionaries and statistics. */
  readonly scalarColumns: readonly string[];
  /** What its file says about itself, as JSON. */
  provenance(encoding: ParquetEncoding): string;
  /** What a unit contributes to it; undefined if nothing. */
  take(unit: UnitTable): { readonly taken: Taken; readonly rows: number; readonly bytes: number } | undefined;
  /** The rows of what was taken from several units. */
  batches(taken: readonly Taken[]): RecordBatch[];
}

/** Approximate size of the other columns of a row: an id of 30 bytes, and the numbers. */
const SCALAR_BYTES = 60;
/** Assumed size of a text or a list before it is known. */
const VARYING_BYTES = 64;

/** The table of one cut into subclips and one statistic. */
export function subclipTable(plan: TablePlan, description: DatasetDescription): TableContent<UnitRows> {
  const rowBytes = plan.columns.reduce((sum, column) => sum + 4 * column.dimension, SCALAR_BYTES);
  const fields = new Map(
    plan.columns.map(({ stream, dimension }) => [stream, columnProvenance(description, plan, stream, dimension)]),
  );
  const counted = plan.columns.flatMap(({ stream }) => {
    const column = countName(stream);
    return column === undefined ? [] : [{ stream, column }];
  });
  return {
    path: tablePath(plan),
    rowBytes,
    scalarColumns: [...UNIT_COLUMNS, ...counted.map(({ column }) => column)],
    provenance: (encoding) => tableProvenance(description, plan, encoding),
    take(unit) {
      const { first, rows } = rowsOfCut(unit, plan.subclips);
      return rows === 0 ? undefined : { taken: { unit, first, rows }, rows, bytes: rows * rowBytes };
    },
    batches(units) {
      const rows = units.reduce((sum, unit) => sum + unit.rows, 0);
      const vectors = plan.columns.map(({ stream, dimension }) => {
        const values = new Float32Array(rows * dimension);
        const valid = new Uint8Array(rows);
        let at = 0;
        for (const { unit, first, rows: count } of units) {
          const column = unit.columns.find((each) => each.stream === stream && each.statistic === plan.statistic);
          if (column !== undefined) {
            values.set(column.values.subarray(first * dimension, (first + count) * dimension), at * dimension);
            valid.set(column.valid.subarray(first, first + count), at);
          }
          at += count;
        }
        return listColumn(stream, { dimension, values, valid }, fields.get(stream));
      });
      const counts = counted.map(({ stream, column }) => numberColumn(column, countsOf(units, stream, rows)));
      return [recordBatch([...unitColumns(units), ...counts, ...vectors], rows)];
    },
  };
}

/** Rows of a stream in each subclip; undefined if a unit does not say. */
function countsOf(units: readonly UnitRows[], stream: string, length: number): Int32Array {
  const counts = new Int32Array(length);
  let at = 0;
  for (const { unit, first, rows } of units) {
    const own = unit.counts?.[stream];
    if (own !== undefined) counts.set(own.subarray(first, first + rows), at);
    at += rows;
  }
  return counts;
}

/** A table of rows: for each item, the rows in its unit, in order, with the item's id. */
export function rowTable(
  name: string,
  schema: RowSchema,
  description: DatasetDescription,
): TableContent<{ readonly itemId: string; readonly table: RowTable }> {
  const columns = parseRowSchema(schema);
  return {
    path: name,
    rowBytes: [...columns.values()].reduce((sum, type) => sum + bytesOf(type), SCALAR_BYTES),
    scalarColumns: [
      'item_id',
      ...[...columns].filter(([, { length }]) => length === undefined).map(([column]) => column),
    ],
    provenance: (encoding) => rowTableProvenance(description, name, schema, encoding),
    take({ itemId, rowTables }) {
      const table = rowTables?.find((each) => each.table === name);
      if (table === undefined || table.rows === 0) return undefined;
      return { taken: { itemId, table }, rows: table.rows, bytes: table.bytes.length };
    },
    batches: (taken) =>
      taken.map(({ itemId, table }) => {
        const { schema: own, data } = batchOfRows(table);
        const values = own.fields.map(
          (field, at): BatchColumn => ({ field, data: data.children[at] as BatchColumn['data'] }),
        );
        return recordBatch([textColumn('item_id', [{ text: itemId, count: table.rows }]), ...values], table.rows);
      }),
  };
}

function bytesOf({ scalar, length }: ParsedRowType): number {
  if (length === 'any' || scalar === 'utf8') return VARYING_BYTES;
  return (length ?? 1) * (scalar === 'float64' || scalar === 'time' ? 8 : 4);
}
