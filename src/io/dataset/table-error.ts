import { UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';

/** The error for a table's file that is cut off, or whose bytes violate its format. */
export function damagedTable(file: string, what: string, cause?: unknown): UsageError {
  return new UsageError(`${file} is not a whole table: ${what}`, {
    code: 'dataset',
    remedy: 'Copy the file again from where it came from, or write it again; for a dataset, with `compact`.',
    cause,
  });
}

/**
 * The error for a table's file that may be undamaged, but is of an unsupported kind or has
 * unsupported content.
 */
export function unreadableTable(file: string, what: string, cause?: unknown): UsageError {
  return new UsageError(`${file} cannot be read as a table: ${what}`, {
    code: 'dataset',
    remedy: "Write it as Parquet of plain columns, for instance with DuckDB: COPY (FROM '...') TO 'table.parquet'.",
    cause,
  });
}

/** The message of anything that was thrown, without addresses. */
export function reasonOf(error: unknown): string {
  const text = wordsOf(error);
  return text.split('\n')[0]?.slice(0, 300) ?? 'unknown';
}
