import type { RowTable } from './row-table.ts';
import type { UnitTable } from './schema.ts';

// A unit's tables of rows are stored in its file one after another before its seal, each starting
// at a multiple of 8 bytes. Readers of Arrow files do not look there; the schema's metadata list
// the tables, and the seal's checksum covers them.

/** Entry of the metadata that lists the tables of rows: name, rows and bytes of each. */
export const ROW_TABLES = 'row_tables';

const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** What the metadata say of a unit's tables of rows; undefined if it has none. */
export function listRowTables({ rowTables = [] }: UnitTable): string | undefined {
  if (rowTables.length === 0) return undefined;
  return JSON.stringify(rowTables.map(({ table, rows, bytes }) => [table, rows, bytes.length]));
}

/** The bytes of a unit's tables of rows, as stored in its file. */
export function rowTableBytes({ rowTables = [] }: UnitTable): Uint8Array[] {
  return rowTables.flatMap(({ bytes }) => [bytes, new Uint8Array(padded(bytes.length) - bytes.length)]);
}

/**
 * The tables of rows that end at a position of a unit's file.
 *
 * @throws RangeError when the file is too short for them.
 */
export function readRowTables(bytes: Uint8Array, end: number, list: string | undefined): RowTable[] | undefined {
  if (list === undefined) return undefined;
  const entries = JSON.parse(list) as readonly (readonly [string, number, number])[];
  let at = end - entries.reduce((sum, [, , length]) => sum + padded(length), 0);
  if (at < 0) throw new RangeError('its tables of rows are cut off');
  return entries.map(([table, rows, length]) => {
    const start = at;
    at += padded(length);
    return { table, rows, bytes: bytes.subarray(start, start + length) };
  });
}
