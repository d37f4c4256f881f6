import type { UnitTable } from './schema.ts';

/**
 * Where the rows of one cut stand in a unit: from `first`, `rows` of them; none when the unit has
 * no such cut.
 */
export function cutOf(unit: UnitTable, subclips: number): { readonly first: number; readonly rows: number } {
  const first = unit.subclips.indexOf(subclips);
  return first < 0 ? { first: 0, rows: 0 } : { first, rows: unit.subclips.lastIndexOf(subclips) + 1 - first };
}
