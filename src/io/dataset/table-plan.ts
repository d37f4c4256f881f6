import { Breather } from '../../core/breather.ts';
import { DatasetError } from '../../core/errors.ts';
import { sortInTurns } from '../../core/sort-in-turns.ts';
import { type Statistic, statisticNames } from '../../operators/statistics.ts';
import { type Cut, compareCuts, cutDirectory } from './cut.ts';
import type { UnitFacts } from './schema.ts';
import { compareColumns } from './schema.ts';

/** A committed unit and its key. */
export interface PlannedUnit {
  readonly key: string;
  readonly facts: UnitFacts;
}

/** A Parquet table that units are compacted into. */
export interface TablePlan {
  readonly subclips: Cut;
  readonly statistic: Statistic;
  /** Its vector columns, one for each stream. */
  readonly columns: readonly { readonly stream: string; readonly dimension: number }[];
}

/** Directory of a table's parts, relative to the dataset's. */
export function tablePath(table: Pick<TablePlan, 'subclips' | 'statistic'>): string {
  return `${cutDirectory(table.subclips)}/aggregate=${table.statistic}`;
}

/**
 * The tables for a set of units: one for each cut into subclips and statistic, with the
 * columns that any of the units has.
 *
 * @throws DatasetError `damaged` when two units have vectors of different lengths in one column.
 */
export async function planTables(units: readonly PlannedUnit[]): Promise<TablePlan[]> {
  const breather = new Breather();
  const cuts = new Set<Cut>();
  const columns = new Map<Statistic, Map<string, { dimension: number; unit: PlannedUnit }>>();
  for (const unit of units) {
    if (breather.isDue) await breather.rest();
    for (const cut of unit.facts.subclips) cuts.add(cut);
    for (const { stream, statistic, dimension } of unit.facts.columns) {
      const streams = columns.get(statistic) ?? new Map<string, { dimension: number; unit: PlannedUnit }>();
      columns.set(statistic, streams);
      const known = streams.get(stream);
      if (known && known.dimension !== dimension) {
        throw new DatasetError(
          'damaged',
          `column ${stream}_${statistic} has ${known.dimension} values in '${known.unit.facts.itemId}' but ${dimension} in '${unit.facts.itemId}'`,
          {
            remedy: `Remove the wrong one of the two (\`prune({ remove: '${unit.facts.itemId}' })\`), and run again.`,
          },
        );
      }
      if (!known) streams.set(stream, { dimension, unit });
    }
  }
  return [...cuts].sort(compareCuts).flatMap((subclips) =>
    statisticNames
      .filter((statistic) => columns.has(statistic))
      .map((statistic) => {
        const streams = [...(columns.get(statistic) ?? [])].map(([stream, { dimension }]) => ({ stream, dimension }));
        streams.sort((left, right) => compareColumns({ ...left, statistic }, { ...right, statistic }));
        return { subclips, statistic, columns: streams };
      }),
  );
}

/**
 * The units in the order of their rows in the tables: by the UTF-8 bytes of the item ids. Yields to
 * other work while it sorts.
 */
export async function orderUnits(units: readonly PlannedUnit[]): Promise<PlannedUnit[]> {
  const breather = new Breather();
  const ids: string[] = [];
  for (const unit of units) {
    ids.push(unit.facts.itemId);
    if (breather.isDue) await breather.rest();
  }
  const order = await sortInTurns([...ids.keys()], (left, right) =>
    compareUtf8(ids[left] as string, ids[right] as string),
  );
  return order.map((at) => units[at] as PlannedUnit);
}

/**
 * Compares in the order of UTF-8 bytes: UTF-16 sorts characters that need two units before the last
 * of those that need one.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a === b) continue;
    const [aPair, bPair] = [a >= 0xd800 && a < 0xe000, b >= 0xd800 && b < 0xe000];
    return aPair === bPair ? a - b : aPair ? 1 : -1;
  }
  return left.length - right.length;
}
