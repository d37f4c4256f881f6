import { CommitStore } from './commit-store.ts';
import { areTablesOutOfDate, readDatasetFile } from './dataset-file.ts';
import { orderUnits, planTables, tablePath } from './table-plan.ts';

/** A table that `compact` would write. */
export interface PlannedTable {
  /** Directory of its parts, relative to the dataset. */
  readonly path: string;
  /** Undefined for tables of rows, whose number only the units know. */
  readonly rows: number | undefined;
}

/**
 * The tables that `compact` would write from the existing units, and whether the existing tables
 * lack any of these. Writes nothing.
 *
 * @throws what `compact` throws.
 *
 * @example
 * const { tables, areOutOfDate } = await plannedTables('features/');
 */
export async function plannedTables(
  directory: string,
): Promise<{ readonly tables: readonly PlannedTable[]; readonly areOutOfDate: boolean }> {
  const { rows: declared = {} } = readDatasetFile(directory);
  const store = await CommitStore.open(directory, { readOnly: true });
  const units = await orderUnits(await store.currentUnits());
  const ofSubclips = (await planTables(units)).map((plan) => {
    const { subclips } = plan;
    const own = units.filter(({ facts }) => facts.subclips.includes(subclips));
    // Only the unit knows how many subclips of fixed length an item has.
    return { path: tablePath(plan), rows: typeof subclips === 'number' ? own.length * subclips : undefined };
  });
  const ofRows = Object.keys(declared).map((path) => ({ path, rows: undefined }));
  return { tables: [...ofSubclips, ...ofRows], areOutOfDate: areTablesOutOfDate(directory) };
}
