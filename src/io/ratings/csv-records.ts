import { CsvError, type Info, parse } from 'csv-parse/sync';
import { csvFault } from '../../core/csv-fault.ts';
import { fileFault } from './bad-lines.ts';

/** A record of a CSV file and the line it ends in. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * The records of CSV text, starting with the header. Records may have any number of fields, and
 * quoted fields may span lines.
 *
 * A quote inside a field that does not start with one is part of the field.
 *
 * @throws UsageError `ratings` when a quoted field is not closed.
 */
export function csvRecords(text: string, file: string, delimiter = ','): CsvRecord[] {
  try {
    const records = parse(text, {
      delimiter,
      relax_column_count: true,
      // The trailer list of MovieLens has an undoubled quote inside a title.
      relax_quotes: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as { record: string[]; info: Info }[];
    return records.map(({ record, info }) => ({ line: info.lines, fields: record.map((field) => field.trim()) }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw fileFault(file, csvFault(error), 'Close every quoted field, and double the quotes inside one.');
  }
}

/**
 * The position of the first of some column names, ignoring case and underscores; -1 if there is
 * none.
 */
export function columnOf(header: readonly string[], names: readonly string[]): number {
  const plain = header.map((name) => name.toLowerCase().replaceAll('_', ''));
  return names.map((name) => plain.indexOf(name)).find((position) => position >= 0) ?? -1;
}
