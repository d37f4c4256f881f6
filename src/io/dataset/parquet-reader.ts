import { DataType, type RecordBatch, RecordBatchReader, Schema } from 'apache-arrow';
import { formatBytes } from '../../operators/budget.ts';
import {
  type ParquetFacts,
  ParquetFault,
  type ParquetQuestion,
  type ParquetThread,
  type RowGroupFacts,
} from './parquet-thread.ts';
import { damagedTable, reasonOf, unreadableTable } from './table-error.ts';
import type { TablePart } from './table-part.ts';

/** Maximum rows to read at once, whatever a footer says about their size. */
const MAX_ROWS = 65_536;
/** The writers' own entry, which parquet-wasm has already converted to the schema. */
const ARROW_SCHEMA = 'ARROW:schema';

/** How the decoders report that something is unsupported, as opposed to damaged. */
const NOT_READ = /not (yet )?(implemented|supported)|unsupported|^NYI|unrecognized type|disabled feature/i;

/**
 * Opens a Parquet file. Reads only its footer; `batches` then reads a slice of one row group at a
 * time, of about `batchBytes` of Arrow data, so that neither large files nor large row groups fill
 * the memory. In addition, the decoder needs the compressed pages of the slice or, in files without
 * a page index, those of the row group.
 *
 * @throws UsageError `dataset` when the file is damaged.
 */
export async function openParquet(
  path: string,
  thread: ParquetThread,
  options: { readonly columns: readonly string[] | undefined; readonly batchBytes: number },
): Promise<TablePart> {
  const facts = (await ask(thread, path, { type: 'facts' })) as ParquetFacts;
  const schema = schemaOf(path, facts);
  const { columns, batchBytes } = options;
  return {
    path,
    schema,
    async *batches() {
      let firstRow = 0;
      for (const [group, { rows, columns: chunks }] of facts.groups.entries()) {
        const wanted = chunks.filter(({ name }) => columns === undefined || columns.includes(name));
        const step = rowsAtATime(rows, wanted, schema, batchBytes);
        for (let offset = 0; offset < rows; offset += step) {
          const limit = Math.min(step, rows - offset);
          const bytes = (await ask(thread, path, { type: 'rows', group, offset, limit, columns })) as Uint8Array;
          let read = 0;
          for (const batch of batchesOf(path, bytes)) {
            yield { batch, firstRow: firstRow + offset + read };
            read += batch.numRows;
          }
          if (read !== limit) throw damagedTable(path, `row group ${group} has ${read} rows where ${limit} should be`);
        }
        firstRow += rows;
      }
    },
    async close() {},
  };
}

async function ask(thread: ParquetThread, path: string, question: ParquetQuestion): Promise<unknown> {
  try {
    return await thread.ask(path, question);
  } catch (error) {
    if (!(error instanceof ParquetFault)) throw error;
    const reason = reasonOf(error);
    if (NOT_READ.test(reason)) throw unreadableTable(path, reason, error);
    const what = error.ended
      ? `the decoder gave up (${reason}): it is damaged, or has a page that needs more than ${formatBytes(thread.mostBytes)}`
      : reason;
    throw damagedTable(path, what, error);
  }
}

function schemaOf(path: string, facts: ParquetFacts): Schema {
  try {
    const { schema } = RecordBatchReader.from(facts.schema).open();
    const metadata = new Map([...schema.metadata, ...facts.metadata].filter(([name]) => name !== ARROW_SCHEMA));
    return new Schema(schema.fields, metadata);
  } catch (error) {
    const reason = reasonOf(error);
    if (NOT_READ.test(reason)) throw unreadableTable(path, reason, error);
    throw damagedTable(path, `its schema cannot be read (${reason})`, error);
  }
}

function batchesOf(path: string, bytes: Uint8Array): RecordBatch[] {
  try {
    return [...RecordBatchReader.from(bytes)];
  } catch (error) {
    throw damagedTable(path, reasonOf(error), error);
  }
}

/**
 * How many rows make about `batchBytes` of Arrow data, judging by what the footer says about their
 * encoded size and their values.
 */
function rowsAtATime(rows: number, chunks: RowGroupFacts['columns'], schema: Schema, batchBytes: number): number {
  const bytes = chunks.reduce((sum, chunk) => {
    const type = schema.fields.find(({ name }) => name === chunk.name)?.type;
    return sum + Math.max(chunk.bytes, chunk.values * widthOf(type));
  }, 0);
  const perRow = Math.max(1, bytes / Math.max(1, rows));
  return Math.max(1, Math.min(MAX_ROWS, Math.floor(batchBytes / perRow)));
}

/** Bytes of a value of the innermost type of a list. */
function widthOf(type: DataType | undefined): number {
  if (DataType.isFixedSizeList(type) || DataType.isList(type) || DataType.isLargeList(type)) {
    return widthOf(type.children[0]?.type);
  }
  if (DataType.isFloat(type)) return [2, 4, 8][type.precision] ?? 8;
  return 8;
}
