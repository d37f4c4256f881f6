import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { Draws, orderOfDraws } from './draws.ts';
import type { RatingTable } from './rating-table.ts';
import { rowsByGroup } from './rows-by-group.ts';
import type { Split } from './split.ts';

/**
 * How to divide ratings into folds.
 *
 * `non-cold` and `hard-cold`: folds over the items, with every item a test item exactly once. Half
 * of each user's ratings of a fold's test items (drawn with the seed, rounded down) are the test
 * set; the other half is in training (`non-cold`) or unused (`hard-cold`: nothing about a test item
 * is seen in training). The test sets of the two are identical.
 *
 * `leave-items-out`: all ratings of a fold's items are its test set, all others training. `random`:
 * each rating is in the test set of one fold, drawn with the seed.
 */
export type FoldKind = 'non-cold' | 'hard-cold' | 'leave-items-out' | 'random';

/** The kinds of folds. */
export const FOLD_KINDS: readonly FoldKind[] = ['non-cold', 'hard-cold', 'leave-items-out', 'random'];

/**
 * Divides ratings into folds with nearly equal numbers of items (of ratings for `random`). Does not
 * split off a validation part (see `withValidation`).
 *
 * @returns splits `fold-1`, `fold-2`, ...
 * @throws UsageError when there are fewer items (ratings) than folds, or fewer than two folds.
 */
export function makeFolds(
  table: RatingTable,
  options: { readonly kind: FoldKind; readonly folds: number; readonly seed: number },
): Split[] {
  const { kind, seed } = options;
  const folds = checkInteger('folds', options.folds, 2);
  const foldOf = kind === 'random' ? ratingFolds(table, folds, seed) : itemFolds(table, folds, seed);
  const tested = kind === 'non-cold' || kind === 'hard-cold' ? testHalves(table, foldOf, folds, seed) : undefined;
  return Array.from({ length: folds }, (_, fold) => {
    const isTest = (row: number): boolean => foldOf[row] === fold && tested?.[row] !== 0;
    return {
      name: `fold-${fold + 1}`,
      train: rowsWhere(table, (row) => (kind === 'non-cold' ? !isTest(row) : foldOf[row] !== fold)),
      validation: new Int32Array(0),
      test: rowsWhere(table, isTest),
    };
  });
}

/** The kept row numbers of a table, ascending. */
function rowsWhere({ users }: RatingTable, keep: (row: number) => boolean): Int32Array {
  let count = 0;
  for (let row = 0; row < users.length; row += 1) if (keep(row)) count += 1;
  const rows = new Int32Array(count);
  count = 0;
  for (let row = 0; row < users.length; row += 1) if (keep(row)) rows[count++] = row;
  return rows;
}

/** The fold of each rating by its item; items are dealt out in the order of their draws. */
function itemFolds(table: RatingTable, folds: number, seed: number): Int32Array {
  const present = rowsByGroup(table.items, table.itemIds.length);
  const draws = new Draws(seed, 'item-folds').ofIds(table.itemIds);
  const rated = Int32Array.from(table.itemIds.keys()).filter(
    (item) => (present.starts[item + 1] as number) > (present.starts[item] as number),
  );
  checkEnough(rated.length, folds, 'items');
  const foldOfItem = new Int32Array(table.itemIds.length);
  for (const [position, item] of orderOfDraws(draws, rated).entries()) foldOfItem[item] = position % folds;
  return table.items.map((item) => foldOfItem[item] as number);
}

function ratingFolds(table: RatingTable, folds: number, seed: number): Int32Array {
  checkEnough(table.users.length, folds, 'ratings');
  const foldOf = new Int32Array(table.users.length);
  const order = orderOfDraws(new Draws(seed, 'rating-folds').ofRatings(table));
  for (const [position, row] of order.entries()) foldOf[row] = position % folds;
  return foldOf;
}

/** uint8[rows]: 1 for half of each user's ratings in each fold. */
function testHalves(table: RatingTable, foldOf: Int32Array, folds: number, seed: number): Uint8Array {
  const draws = new Draws(seed, 'test-half').ofRatings(table);
  const groups = table.userIds.length * folds;
  const { rows, starts } = rowsByGroup(
    foldOf.map((fold, row) => (table.users[row] as number) * folds + fold),
    groups,
  );
  const tested = new Uint8Array(table.users.length);
  for (let group = 0; group < groups; group += 1) {
    const own = orderOfDraws(draws, rows.subarray(starts[group], starts[group + 1]));
    for (const row of own.subarray(0, own.length >> 1)) tested[row] = 1;
  }
  return tested;
}

function checkEnough(count: number, folds: number, what: string): void {
  if (count >= folds) return;
  throw new UsageError(
    `${folds} folds need at least ${folds} ${what}, but there ${count === 1 ? 'is' : 'are'} ${count}`,
    {
      code: 'ratings',
      remedy: 'Give more ratings, or filter less.',
    },
  );
}
