import { Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { csvField } from '../../core/csv-field.ts';
import { DatasetError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { numberColumn, recordBatch, textColumn } from '../../io/dataset/batch-columns.ts';
import type { ExperimentPoint } from './experiment-points.ts';

/** The metrics of each user at a point, with the users' ids. */
export interface PointUsers {
  readonly userIds: readonly string[];
  /** For each metric, one value per user; NaN if it is not defined for a user. */
  readonly values: Readonly<Record<string, Float64Array>>;
}

/**
 * The values as an Arrow file (Feather 2): columns scenario, label, split_seed, seed, fold, user,
 * and a float64 column for each metric. The files of all points together form one table.
 */
export function usersArrow(point: ExperimentPoint, { userIds, values }: PointUsers): Uint8Array {
  const count = userIds.length;
  const same = (name: string, text: string) => textColumn(name, [{ text, count }]);
  const number = (name: string, value: number) => numberColumn(name, new Float64Array(count).fill(value));
  const batch = recordBatch(
    [
      same('scenario', point.scenario),
      same('label', point.variant.label),
      number('split_seed', point.splitSeed),
      number('seed', point.seed),
      number('fold', point.fold),
      textColumn(
        'user',
        userIds.map((text) => ({ text, count: 1 })),
      ),
      ...Object.entries(values).map(([name, column]) => numberColumn(name, column.slice())),
    ],
    count,
  );
  return tableToIPC(new Table(batch.schema, [batch]), 'file');
}

/** The same as CSV, one line per user; an empty field is an undefined metric. */
export function usersCsv(point: ExperimentPoint, { userIds, values }: PointUsers): string {
  const names = Object.keys(values);
  const head = ['scenario', 'label', 'split_seed', 'seed', 'fold', 'user', ...names];
  const place = [point.scenario, csvField(point.variant.label), point.splitSeed, point.seed, point.fold];
  const lines = userIds.map((id, row) => {
    const numbers = names.map((name) => values[name]?.[row] as number);
    return [...place, csvField(id), ...numbers.map((value) => (Number.isNaN(value) ? '' : value))].join(',');
  });
  return `${[head.join(','), ...lines].join('\n')}\n`;
}

/** Column names that are not metrics. */
const places = new Set(['scenario', 'label', 'split_seed', 'seed', 'fold', 'user']);

/**
 * Reads the values back.
 *
 * @param path named in errors.
 * @throws DatasetError `damaged` when the bytes are not such a file.
 */
export function readUsersArrow(bytes: Uint8Array, path: string): PointUsers {
  try {
    const table = tableFromIPC(bytes);
    const column = (name: string) => table.getChild(name)?.toArray() as ArrayLike<unknown>;
    const names = table.schema.fields.map(({ name }) => name).filter((name) => !places.has(name));
    return {
      userIds: Array.from({ length: table.numRows }, (_, row) => String(table.getChild('user')?.get(row))),
      values: Object.fromEntries(names.map((name) => [name, Float64Array.from(column(name) as ArrayLike<number>)])),
    };
  } catch (error) {
    throw new DatasetError('damaged', `${path} is damaged: ${wordsOf(error)}`, {
      remedy: 'Remove it; its point will be recomputed.',
      cause: error,
    });
  }
}
