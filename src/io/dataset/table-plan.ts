import { UsageError } from '../../errors.ts';
import { STATISTICS, type Statistic } from '../../operators/statistics.ts';
import type { UnitFacts } from './schema.ts';
import { compareColumns } from './schema.ts';

/** A committed unit and its key. */
export interface PlannedUnit {
  readonly key: string;
  readonly facts: UnitFacts;
}

/** A Parquet table that units are compacted into. */
export interface TablePlan {
  readonly subclips: number;
  readonly statistic: Statistic;
  /** Its vector columns, one for each stream. */
  readonly columns: readonly { readonly stream: string; readonly dimension: number }[];
}

/** Directory of a table's parts, relative to the dataset's. */
export function tablePath(table: Pick<TablePlan, 'subclips' | 'statistic'>): string {
  return `subclips=${table.subclips}/aggregate=${table.statistic}`;
}

/**
 * The tables that a set of units makes: one for each number of subclips and statistic, with the columns that any of the
 * units has.
 *
 * @throws UsageError `dataset` when two units have vectors of different lengths in one column.
 */
export function planTables(units: readonly PlannedUnit[]): TablePlan[] {
  const counts = new Set<number>();
  const columns = new Map<Statistic, Map<string, { dimension: number; unit: PlannedUnit }>>();
  for (const unit of units) {
    for (const count of unit.facts.subclips) counts.add(count);
    for (const { stream, statistic, dimension } of unit.facts.columns) {
      const streams = columns.get(statistic) ?? new Map<string, { dimension: number; unit: PlannedUnit }>();
      columns.set(statistic, streams);
      const known = streams.get(stream);
      if (known && known.dimension !== dimension) {
        throw new UsageError(
          `column ${stream}_${statistic} has ${known.dimension} values in '${known.unit.facts.itemId}' but ${dimension} in '${unit.facts.itemId}'`,
          { code: 'dataset', remedy: `Delete the wrong unit of the two (keys ${known.unit.key} and ${unit.key}).` },
        );
      }
      if (!known) streams.set(stream, { dimension, unit });
    }
  }
  return [...counts]
    .sort((left, right) => left - right)
    .flatMap((subclips) =>
      STATISTICS.filter((statistic) => columns.has(statistic)).map((statistic) => {
        const streams = [...(columns.get(statistic) ?? [])].map(([stream, { dimension }]) => ({ stream, dimension }));
        streams.sort((left, right) => compareColumns({ ...left, statistic }, { ...right, statistic }));
        return { subclips, statistic, columns: streams };
      }),
    );
}

/**
 * The units in the order of their rows in the tables: by the UTF-8 bytes of the item ids. Of several units of one item
 * (its file has changed between two runs) only one in `current` is taken.
 *
 * @throws UsageError `dataset` when an item has several units and none, or more than one, is current.
 */
export function orderUnits(units: readonly PlannedUnit[], current: ReadonlySet<string> | undefined): PlannedUnit[] {
  const items = new Map<string, PlannedUnit[]>();
  for (const unit of units) items.set(unit.facts.itemId, [...(items.get(unit.facts.itemId) ?? []), unit]);
  return [...items]
    .map(([itemId, several]) => ({ bytes: Buffer.from(itemId), several }))
    .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
    .map(({ several }) => {
      const chosen = several.length === 1 ? several : several.filter(({ key }) => current?.has(key));
      if (chosen.length !== 1) throw severalUnits(several);
      return chosen[0] as PlannedUnit;
    });
}

function severalUnits(units: readonly PlannedUnit[]): UsageError {
  const keys = units.map(({ key }) => key);
  return new UsageError(
    `item '${units[0]?.facts.itemId}' has ${units.length} committed units, because its file has changed between two runs: ${keys.join(', ')}`,
    {
      code: 'dataset',
      remedy: `Run \`extract\` again over all inputs, which takes the unit of the file as it is now, or delete the other files (units/${keys[0]?.slice(0, 2)}/${keys[0]}.arrow, ...).`,
    },
  );
}
