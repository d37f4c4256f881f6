import { DataType, type Field, type Vector } from 'apache-arrow';
import { openTable, type TableReader } from '../../io/dataset/table-reader.ts';
import { columnValues } from '../../io/ratings/column-values.ts';
import { chooseColumns } from './choose-columns.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import type { FieldKind } from './feature-values.ts';
import { RowMaker } from './row-maker.ts';
import { sampledKind } from './sampled-kinds.ts';

/** How many rows are sampled to find out what text columns hold. */
const SAMPLE_ROWS = 20;

/**
 * Opens a Parquet or Arrow table: lists of numbers, of fixed size or not, or a column for each
 * value. Holds one batch of rows at a time.
 *
 * @throws UsageError `dataset` when it is damaged, `features` when its columns do not fit the
 * options.
 */
export async function openTableFeatures(
  path: string,
  options: FeatureFileOptions,
  ids: readonly string[] | undefined,
): Promise<FeatureFile> {
  const fields = await withTable(path, undefined, async ({ schema }) => schema.fields);
  const lists =
    options.column === undefined && options.columns === undefined ? await textLists(path, fields) : new Set();
  const columns = fields.map((field) => ({
    name: field.name,
    kind: lists.has(field.name) ? 'list' : kindOfField(field),
  }));
  const chosen = chooseColumns(path, columns, options);
  const nameAt = (position: number) => columns[position]?.name ?? '';
  const wanted = [chosen.id, chosen.subclip, ...chosen.streams.flatMap(({ positions }) => positions)].filter(
    (position) => position >= 0,
  );
  return {
    path,
    streams: chosen.streams,
    hasSubclips: chosen.subclip >= 0,
    passedOver: chosen.passedOver,
    spoilt: chosen.spoilt,
    async read(take) {
      const maker = new RowMaker(path, chosen, ids);
      await withTable(path, [...new Set(wanted)].map(nameAt), async (table) => {
        for await (const { batch, file, firstRow } of table.batches()) {
          const readers = new Map(
            wanted.map((position) => [position, columnValues(batch.getChild(nameAt(position)) as Vector)]),
          );
          for (let row = 0; row < batch.numRows; row += 1) {
            const place = { file, unit: 'row', number: firstRow + row + 1 } as const;
            take(maker.row((position) => readers.get(position)?.(row), place, nameAt));
          }
        }
      });
      maker.end();
    },
  };
}

/** Text columns that hold lists of numbers, judging by the first rows. */
async function textLists(path: string, fields: readonly Field[]): Promise<ReadonlySet<string>> {
  const names = fields
    .filter(({ type }) => DataType.isUtf8(type) || DataType.isLargeUtf8(type))
    .map(({ name }) => name);
  const found = new Set<string>();
  if (names.length === 0) return found;
  await withTable(path, names, async (table) => {
    for await (const { batch } of table.batches()) {
      const rows = Math.min(SAMPLE_ROWS, batch.numRows);
      for (const name of names) {
        const at = columnValues(batch.getChild(name) as Vector);
        if (sampledKind(Array.from({ length: rows }, (_, row) => at(row))) === 'list') found.add(name);
      }
      if (rows > 0) break;
    }
  });
  return found;
}

async function withTable<Result>(
  path: string,
  columns: readonly string[] | undefined,
  use: (table: TableReader) => Promise<Result>,
): Promise<Result> {
  const table = await openTable(path, { columns });
  try {
    return await use(table);
  } finally {
    await table.close();
  }
}

function kindOfField({ type }: Field): FieldKind {
  if (isNumber(type)) return 'number';
  const isList = DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type);
  return isList && isNumber(type.children[0]?.type) ? 'list' : 'text';
}

function isNumber(type: unknown): boolean {
  return DataType.isFloat(type) || DataType.isInt(type) || DataType.isDecimal(type);
}
