import { UsageError } from '../../core/errors.ts';
import { CommitStore } from '../../io/dataset/commit-store.ts';
import { type Cut, rowsOfCut } from '../../io/dataset/cut.ts';
import { type DatasetFile, readDatasetFile } from '../../io/dataset/dataset-file.ts';
import { columnProvenance } from '../../io/dataset/provenance.ts';
import type { UnitColumn, UnitTable } from '../../io/dataset/schema.ts';
import { orderUnits, type PlannedUnit, planTables, type TablePlan } from '../../io/dataset/table-plan.ts';
import type { TableChoice } from '../table-choice.ts';
import type { VectorSource } from './fit-pca.ts';

/** One cut and statistic of a dataset, open for reading. */
export interface SourceDataset {
  readonly file: DatasetFile;
  readonly store: CommitStore;
  /** Its units, in the order of the tables' rows. */
  readonly units: readonly PlannedUnit[];
  readonly table: TablePlan;
}

/** A unit's rows for one cut, with the values of one statistic in `columns`. */
export interface UnitCut {
  readonly unit: UnitTable;
  readonly first: number;
  readonly rows: number;
  readonly columns: readonly UnitColumn[];
}

/**
 * Opens the requested cut and statistic of a dataset; if it has only one, neither need be given.
 *
 * @throws UsageError `dataset` when the directory is not a dataset or has no units; when the choice
 * is missing or does not exist.
 */
export async function openSource(
  directory: string,
  choice: TableChoice & {
    /** Only times are wanted, which are the same in the tables of all statistics. */
    readonly onlyTimes?: boolean | undefined;
  },
): Promise<SourceDataset> {
  const file = readDatasetFile(directory);
  const store = await CommitStore.open(directory, { create: false });
  const units = await orderUnits(await store.currentUnits());
  if (units.length === 0) throw new UsageError(`${directory} has no committed units`, { code: 'dataset' });
  const tables = await planTables(units);
  const { subclipSeconds } = choice;
  const cut: Cut | undefined = subclipSeconds === undefined ? choice.subclips : `${subclipSeconds}s`;
  const fitting = tables.filter(
    ({ subclips, statistic }) => (cut ?? subclips) === subclips && (choice.statistic ?? statistic) === statistic,
  );
  const [table] = fitting;
  const isOne = fitting.every(({ subclips }) => subclips === table?.subclips) && choice.onlyTimes === true;
  if (table === undefined || (fitting.length > 1 && !isOne)) {
    const there = tables
      .map(({ subclips, statistic }) => `\`${asOption(subclips)}, statistic: '${statistic}'\``)
      .join('; ');
    throw new UsageError(
      table === undefined
        ? `${directory} does not have this table`
        : `${directory} has ${fitting.length} tables, but only one can be read at a time`,
      { code: 'dataset', remedy: `Choose one of: ${there}.` },
    );
  }
  return { file, store, units, table };
}

/** A cut, written as the option that chooses it. */
function asOption(cut: Cut): string {
  return typeof cut === 'number' ? `subclips: ${cut}` : `subclipSeconds: ${Number.parseFloat(cut)}`;
}

/**
 * The rows of a unit that belong to the table; undefined if it has none.
 * @throws UsageError `dataset` when it is damaged.
 */
export async function readCut(source: SourceDataset, key: string): Promise<UnitCut | undefined> {
  const unit = await source.store.read(key);
  const { first, rows } = rowsOfCut(unit, source.table.subclips);
  if (rows === 0) return undefined;
  const columns = unit.columns
    .filter(({ statistic }) => statistic === source.table.statistic)
    .map((column) => ({
      ...column,
      values: column.values.subarray(first * column.dimension, (first + rows) * column.dimension),
      valid: column.valid.subarray(first, first + rows),
    }));
  return { unit, first, rows, columns };
}

/**
 * The vectors of one stream, unit by unit.
 * @throws UsageError when the table has no such stream.
 */
export function streamVectors(
  source: SourceDataset,
  stream: string,
): VectorSource & { readonly dimension: number; readonly facts: Readonly<Record<string, string>> } {
  const column = source.table.columns.find((each) => each.stream === stream);
  if (column === undefined) {
    const streams = source.table.columns.map((each) => each.stream).join(', ');
    throw new UsageError(`the dataset has no stream '${stream}'; it has: ${streams}`, {
      code: 'dataset',
      remedy: 'Name one of these as `column`.',
    });
  }
  const { dimension } = column;
  const provenance = columnProvenance(source.file, source.table, stream, dimension);
  return {
    name: `stream '${stream}'`,
    dimension,
    facts: { column: stream, ...Object.fromEntries(provenance) },
    async *batches() {
      for (const { key } of source.units) {
        const cut = await readCut(source, key);
        const found = cut?.columns.find((each) => each.stream === stream);
        if (cut === undefined || found === undefined) continue;
        yield { values: found.values, valid: found.valid, rows: cut.rows, dimension };
      }
    },
  };
}
