import { checkInteger, checkPositive, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import type { SubclipRow } from '../../operators/subclips.ts';
import { type Cut, compareCuts, cutOfRow } from './cut.ts';
import {
  type ColumnShape,
  checkStreamName,
  columnName,
  compareColumns,
  countName,
  type UnitColumn,
  type UnitTable,
} from './schema.ts';

export type { UnitTable } from './schema.ts';

/** The results for one video that become a unit. */
export interface JoinInput {
  readonly itemId: string;
  /** The rows of all its streams, in any order. */
  readonly rows: readonly SubclipRow[];
  /** Length of the video in seconds. Default: the latest end of a subclip. */
  readonly seconds?: number | undefined;
  /** Frames decoded of the whole video. Default: the rows of the stream `visual`. */
  readonly frames?: number | undefined;
  /** Audio patches decoded of the whole video. Default: the rows of the stream `audio`. */
  readonly patches?: number | undefined;
  /** Whether the media could be decoded completely. Default: yes. */
  readonly verdict?: { readonly verdict: string; readonly reason?: string | undefined } | undefined;
  /** Columns that the unit must have; those without rows are null. */
  readonly columns?: readonly ColumnShape[] | undefined;
  /**
   * What the rows of each stream are counted as: pictures as frames, sound as patches. Default:
   * `visual` as pictures, `audio` as sound.
   */
  readonly countedAs?: Readonly<Record<string, 'pictures' | 'sound' | undefined>> | undefined;
  /** More entries of the unit's metadata. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * Joins the rows of a video's streams into one row for each subclip of each cut, with a column for
 * each stream and statistic. A stream without rows (a video without sound) has no column, or a null
 * one if `columns` requires it.
 *
 * @throws UsageError when a stream's name cannot be a column's, two rows claim the same place, or
 * rows of one column differ in length.
 *
 * @example
 * declare const rows: SubclipRow[];
 * const table = joinRows({ itemId: 'heat', rows, seconds: 120 });
 */
export function joinRows(input: JoinInput): UnitTable {
  const itemId = checkString('itemId', input.itemId);
  const rows = input.rows;
  const shapes = new Map<string, ColumnShape>();
  for (const column of input.columns ?? []) shapes.set(columnName(column), column);
  const places = new Map<Cut, Map<number, number>>();
  for (const row of rows) {
    const name = columnName(row);
    const dimension = shapes.get(name)?.dimension ?? row.vector.length;
    if (dimension !== row.vector.length) {
      throw new UsageError(
        `'${itemId}': column '${name}' has vectors of ${dimension} values, but also one of ${row.vector.length}`,
      );
    }
    if (!shapes.has(name)) shapes.set(name, { stream: row.stream, statistic: row.statistic, dimension });
    const cut = cutOfRow(row);
    const subclips = places.get(cut) ?? new Map<number, number>();
    places.set(cut, subclips.set(row.subclip, -1));
  }
  for (const { stream } of shapes.values()) checkStreamName(stream);

  const order = [...places]
    .sort(([left], [right]) => compareCuts(left, right))
    .flatMap(([cut, subclips]) => [...subclips.keys()].sort((a, b) => a - b).map((subclip) => ({ cut, subclip })));
  for (const [index, { cut, subclip }] of order.entries()) places.get(cut)?.set(subclip, index);

  const length = order.length;
  const table = {
    itemId,
    length,
    subclips: new Int32Array(length),
    seconds: rows.some(({ seconds }) => seconds !== undefined) ? new Float64Array(length) : undefined,
    subclip: Int32Array.from(order, (place) => place.subclip),
    start: new Float64Array(length),
    end: new Float64Array(length),
    frames: new Int32Array(length),
    patches: new Int32Array(length),
  };
  const columns = new Map<string, UnitColumn>();
  for (const shape of [...shapes.values()].sort(compareColumns)) {
    const values = new Float32Array(length * shape.dimension);
    columns.set(columnName(shape), { ...pick(shape), values, valid: new Uint8Array(length) });
  }
  const counts = new Map<string, Int32Array>();
  for (const { stream } of shapes.values()) {
    if (countName(stream) !== undefined) counts.set(stream, new Int32Array(length));
  }
  for (const row of rows) {
    const index = places.get(cutOfRow(row))?.get(row.subclip) as number;
    const column = columns.get(columnName(row)) as UnitColumn;
    if (column.valid[index] === 1) {
      throw new UsageError(
        `'${itemId}': there are two rows for ${columnName(row)} of subclip ${row.subclip} of ${cutOfRow(row)}`,
        { remedy: 'Give each stream of a video its own `name`.' },
      );
    }
    column.valid[index] = 1;
    column.values.set(row.vector, index * column.dimension);
    table.subclips[index] = row.subclips;
    if (table.seconds !== undefined) table.seconds[index] = row.seconds ?? 0;
    table.start[index] = row.start;
    table.end[index] = row.end;
    const own = counts.get(row.stream);
    if (own !== undefined) own[index] = row.count;
    const kind = countsOf(row.stream, input.countedAs);
    if (kind !== undefined) table[kind][index] = Math.max(table[kind][index] as number, row.count);
  }
  const whole = { ...table, columns: [...columns.values()], metadata: metadataOf(input) };
  return counts.size === 0 ? whole : { ...whole, counts: Object.fromEntries(counts) };
}

/** The count that the rows of a stream are added to. */
function countsOf(stream: string, countedAs: JoinInput['countedAs'] = { visual: 'pictures', audio: 'sound' }) {
  const kind = countedAs[stream];
  if (kind === undefined) return undefined;
  return kind === 'pictures' ? 'frames' : 'patches';
}

function pick({ stream, statistic, dimension }: ColumnShape): ColumnShape {
  return { stream, statistic, dimension };
}

function metadataOf(input: JoinInput): Record<string, string> {
  const { verdict } = input;
  const seconds = input.seconds ?? input.rows.reduce((greatest, row) => Math.max(greatest, row.end), 0);
  const frames = input.frames ?? rowsOf(input.rows, 'visual');
  const patches = input.patches ?? rowsOf(input.rows, 'audio');
  return given({
    ...input.metadata,
    seconds: String(checkPositive('seconds', seconds, { zero: true })),
    frames: String(checkInteger('frames', frames, 0)),
    patches: String(checkInteger('patches', patches, 0)),
    verdict: verdict?.verdict ?? 'whole',
    reason: verdict?.reason,
  });
}

/** Rows of a stream, counted over all subclips of one cut, in one statistic. */
function rowsOf(rows: readonly SubclipRow[], stream: string): number {
  const first = rows.find((row) => row.stream === stream);
  if (!first) return 0;
  return rows
    .filter((row) => row.stream === stream && row.statistic === first.statistic && cutOfRow(row) === cutOfRow(first))
    .reduce((sum, row) => sum + row.count, 0);
}
