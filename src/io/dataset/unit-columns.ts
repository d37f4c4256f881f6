import { type BatchColumn, flagColumn, numberColumn, textColumn } from './batch-columns.ts';
import type { UnitTable } from './schema.ts';

/** Consecutive rows of a unit: those of one of its cuts. */
export interface UnitRows {
  readonly unit: UnitTable;
  readonly first: number;
  readonly rows: number;
}

/** Names of the columns of `unitColumns`, in their order. */
export const UNIT_COLUMNS = ['item_id', 'subclip', 'start', 'end', 'frames', 'patches', 'partial'] as const;

/** The columns besides vectors that rows of any units have. */
export function unitColumns(units: readonly UnitRows[]): BatchColumn[] {
  const length = units.reduce((sum, { rows }) => sum + rows, 0);
  const integers = (name: 'subclip' | 'frames' | 'patches') =>
    numberColumn(
      name,
      joined(units, new Int32Array(length), ({ unit }) => unit[name]),
    );
  const times = (name: 'start' | 'end') =>
    numberColumn(
      name,
      joined(units, new Float64Array(length), ({ unit }) => unit[name]),
    );
  return [
    textColumn(
      'item_id',
      units.map(({ unit, rows }) => ({ text: unit.itemId, count: rows })),
    ),
    integers('subclip'),
    times('start'),
    times('end'),
    integers('frames'),
    integers('patches'),
    flagColumn(
      'partial',
      units.map(({ unit, rows }) => ({ flag: isPartial(unit.metadata), count: rows })),
    ),
  ];
}

/** The columns besides vectors of a unit with all its cuts, including the cut of each row. */
export function wholeUnitColumns(unit: UnitTable): BatchColumn[] {
  const [itemId, ...others] = unitColumns([{ unit, first: 0, rows: unit.length }]) as [BatchColumn, ...BatchColumn[]];
  const lengths = unit.seconds === undefined ? [] : [numberColumn('seconds', unit.seconds)];
  return [itemId, numberColumn('subclips', unit.subclips), ...lengths, ...others];
}

/** Whether a unit's media could only be decoded in part, according to its metadata. */
export function isPartial(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.verdict === 'partial';
}

/** One column of all units, one after another. */
function joined<Numbers extends Int32Array | Float64Array>(
  units: readonly UnitRows[],
  into: Numbers,
  column: (unit: UnitRows) => Numbers,
): Numbers {
  let at = 0;
  for (const unit of units) {
    into.set(column(unit).subarray(unit.first, unit.first + unit.rows), at);
    at += unit.rows;
  }
  return into;
}
