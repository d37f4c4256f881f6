import { UsageError } from '../../core/errors.ts';
import { quoted } from './bad-lines.ts';
import type { RatingTable } from './rating-table.ts';
import { loadRatings, type RatingReport, type ReadRatingsOptions } from './read-ratings.ts';
import { rowsByGroup } from './rows-by-group.ts';
import type { Scenario } from './scenarios.ts';
import type { Split } from './split.ts';
import { checkNotEmpty } from './subset.ts';

/** The files of an existing split. */
export interface GivenFiles {
  readonly train: string;
  readonly test: string;
  readonly validation?: string | undefined;
}

/**
 * Reads a split given as files, for instance MovieLens 100K's `u1.base` and `u1.test`: returns one
 * table of all ratings in file order, training first, and one split of it. Users and items that
 * occur only in the test file are in the table too.
 *
 * @throws UsageError `ratings` when a file is wrong or the training or test file has no ratings;
 * `overlap` when a user's rating of an item is in two files; RatingFileError `bad-line`.
 */
export async function readGivenSplit(
  files: GivenFiles,
  options: ReadRatingsOptions = {},
): Promise<{ scenario: Scenario; reports: readonly RatingReport[] }> {
  const train = await loadRatings(files.train, options);
  const validation = files.validation === undefined ? undefined : await loadRatings(files.validation, options);
  const test = await loadRatings(files.test, options);
  checkNotEmpty(train.ratings.values.length, `reading ${files.train}`);
  checkNotEmpty(test.ratings.values.length, `reading ${files.test}`);
  const parts = [train, ...(validation === undefined ? [] : [validation]), test];
  const ratings = joined(parts.map((part) => part.ratings));
  checkDisjoint(ratings);
  const [trained, validated] = [train.ratings.values.length, validation?.ratings.values.length ?? 0];
  const split: Split = {
    name: 'given',
    train: rowNumbers(0, trained),
    validation: rowNumbers(trained, trained + validated),
    test: rowNumbers(trained + validated, ratings.values.length),
  };
  const { userIds, itemIds } = ratings;
  const counts = { ratings: ratings.values.length, users: userIds.length, items: itemIds.length };
  const scenario: Scenario = { kind: 'given', ratings, splits: [split], parameters: {}, counts };
  return { scenario, reports: parts.map((part) => part.report) };
}

function rowNumbers(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, index) => from + index);
}

function joined(tables: readonly RatingTable[]): RatingTable {
  const rows = tables.reduce((sum, table) => sum + table.values.length, 0);
  const values = new Float32Array(rows);
  const timestamps = tables.every((table) => table.timestamps !== undefined) ? new Float64Array(rows) : undefined;
  let at = 0;
  for (const table of tables) {
    values.set(table.values, at);
    if (table.timestamps !== undefined) timestamps?.set(table.timestamps, at);
    at += table.values.length;
  }
  const users = numberedByAppearance(tables.map((table) => ({ keys: table.users, ids: table.userIds })));
  const items = numberedByAppearance(tables.map((table) => ({ keys: table.items, ids: table.itemIds })));
  const columns = { users: users.keys, items: items.keys, values, userIds: users.ids, itemIds: items.ids };
  return timestamps === undefined ? columns : { ...columns, timestamps };
}

/** Leaves out ids that only occurred in dropped lines. */
function numberedByAppearance(columns: readonly { keys: Int32Array; ids: readonly string[] }[]) {
  const numbers = new Map<string, number>();
  const keys = columns.map(({ keys: own, ids }) =>
    own.map((key) => {
      const id = ids[key] as string;
      const number = numbers.get(id) ?? numbers.size;
      if (number === numbers.size) numbers.set(id, number);
      return number;
    }),
  );
  const all = new Int32Array(keys.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of keys) {
    all.set(part, at);
    at += part.length;
  }
  return { keys: all, ids: [...numbers.keys()] };
}

function checkDisjoint(table: RatingTable): void {
  const { rows } = rowsByGroup(table.users, table.userIds.length);
  const latest = new Int32Array(table.itemIds.length);
  for (const row of rows) {
    const item = table.items[row] as number;
    const earlier = (latest[item] as number) - 1;
    if (earlier >= 0 && table.users[earlier] === table.users[row]) {
      const user = quoted(String(table.userIds[table.users[row] as number]));
      throw new UsageError(`user ${user}'s rating of item ${quoted(String(table.itemIds[item]))} is in two files`, {
        code: 'overlap',
        remedy: 'Test ratings must not be among the training ratings: remove it from one of the files.',
      });
    }
    latest[item] = row + 1;
  }
}
