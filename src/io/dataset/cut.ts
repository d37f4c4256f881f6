import type { UnitTable } from './schema.ts';

/** One way to cut items into subclips: `10` equal parts, or `'5s'`, one every five seconds. */
export type Cut = number | `${number}s`;

/** The cut that a row of a unit or a stream belongs to. */
export function cutOfRow({
  subclips,
  seconds,
}: {
  readonly subclips: number;
  readonly seconds?: number | undefined;
}): Cut {
  return seconds === undefined || seconds === 0 ? subclips : `${seconds}s`;
}

/**
 * Parses a cut as written in metadata and directory names. @throws RangeError when it is not a cut.
 */
export function parseCut(text: string): Cut {
  if (!CUT.test(text)) throw new RangeError(`'${text}' is not a cut into subclips`);
  return text.endsWith('s') ? (text as Cut) : Number(text);
}

const CUT = /^(?:\d+|\d+(?:\.\d+)?s)$/;
const DIRECTORY = 'subclips=';

/**
 * Name of the directory of a cut's tables: if there are several kinds, readers treat all as text.
 */
export function cutDirectory(cut: Cut): string {
  return `${DIRECTORY}${cut}`;
}

/** Whether a name is that of the directory of a cut's tables. */
export function isCutDirectory(name: string): boolean {
  return name.startsWith(DIRECTORY) && CUT.test(name.slice(DIRECTORY.length));
}

/** Sorts numbers of equal parts before fixed lengths, each ascending. */
export function compareCuts(left: Cut, right: Cut): number {
  const [isFixed, otherIsFixed] = [typeof left === 'string', typeof right === 'string'];
  if (isFixed !== otherIsFixed) return isFixed ? 1 : -1;
  return Number.parseFloat(String(left)) - Number.parseFloat(String(right));
}

/** The cuts of a unit's rows, in the order of the rows. */
export function cutsOf(unit: Pick<UnitTable, 'length' | 'subclips' | 'seconds'>): Cut[] {
  const { length, subclips, seconds } = unit;
  const cutAt = (row: number) => cutOfRow({ subclips: subclips[row] as number, seconds: seconds?.[row] ?? 0 });
  return [...new Set(Array.from({ length }, (_, row) => cutAt(row)))];
}

/**
 * The range of rows of one cut in a unit: `rows` rows starting at `first`; 0 rows if the unit has
 * no such cut.
 */
export function rowsOfCut(unit: UnitTable, cut: Cut): { readonly first: number; readonly rows: number } {
  const { length, subclips, seconds } = unit;
  const fixed = typeof cut === 'string' ? Number.parseFloat(cut) : 0;
  const isOfCut = (row: number) => (seconds?.[row] ?? 0) === fixed && (fixed > 0 || subclips[row] === cut);
  let first = 0;
  while (first < length && !isOfCut(first)) first += 1;
  let end = first;
  while (end < length && isOfCut(end)) end += 1;
  return end === first ? { first: 0, rows: 0 } : { first, rows: end - first };
}
