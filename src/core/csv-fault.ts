/** What a CSV parser says about a fault. */
interface CsvFault extends Error {
  readonly code?: string | undefined;
  /** The line at which it was found. */
  readonly lines?: number | undefined;
  readonly record?: readonly string[] | undefined;
  readonly columns?: unknown;
}

/**
 * What is wrong with a CSV file, for the end of a sentence about it: the line, what is there, and
 * what was expected. A record of several lines is named by its last.
 *
 * @example
 * declare const error: Error; // of the parser
 * throw new UsageError(`items.csv ${csvFault(error)}`); // has 1 field on line 3, but its header has 2
 */
export function csvFault(error: CsvFault): string {
  const { code, lines = 0, record = [], columns, message } = error;
  switch (code) {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH': {
      const expected = Array.isArray(columns)
        ? `, but its header has ${columns.length}`
        : ', unlike the lines before it';
      return `has ${record.length} field${record.length === 1 ? '' : 's'} on line ${lines}${expected}`;
    }
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'is not CSV: a quote is opened and never closed';
    case 'INVALID_OPENING_QUOTE':
      return `is not CSV: line ${lines} has a quote inside a field that does not begin with one`;
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `is not CSV: on line ${lines} a quoted field is followed by neither a separator nor the end of the line`;
    case 'CSV_MAX_RECORD_SIZE':
      return `is not CSV: line ${lines} is far too long, perhaps because a quote is never closed`;
    default:
      return `is not CSV: ${message}`;
  }
}
