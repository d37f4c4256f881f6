import { UsageError } from '../../core/errors.ts';
import { Draws, orderOfDraws } from './draws.ts';
import { keptRows } from './kept-rows.ts';
import type { RatingTable } from './rating-table.ts';
import { rowsByGroup } from './rows-by-group.ts';
import type { Split } from './split.ts';

/** Which part of a fold a rating is in, if its user belongs to the fold. */
const [FOLD_IN, TEST] = [1, 2];

/**
 * Folds over the users, assigned with the seed. No rating of a fold's users is in its training
 * part. A share of each such user's ratings, rounded up and drawn with the seed, is in `foldIn`,
 * and the rest is the test set; with a share of 0, all are.
 *
 * @returns splits `fold-1`, `fold-2`, ...
 * @throws UsageError when there are fewer users than folds.
 */
export function userFolds(
  table: RatingTable,
  options: { readonly folds: number; readonly seed: number; readonly foldIn: number },
): Split[] {
  const { folds, seed, foldIn } = options;
  const { rows, starts } = rowsByGroup(table.users, table.userIds.length);
  const rated = Int32Array.from(table.userIds.keys()).filter(
    (user) => (starts[user + 1] as number) > (starts[user] as number),
  );
  if (rated.length < folds) {
    throw new UsageError(
      `${folds} folds need at least ${folds} users, but there ${rated.length === 1 ? 'is' : 'are'} ${rated.length}`,
      {
        code: 'ratings',
        remedy: 'Give the ratings of more users, or filter less.',
      },
    );
  }
  const foldOf = new Int32Array(table.userIds.length);
  const dealt = orderOfDraws(new Draws(seed, 'user-folds').ofIds(table.userIds), rated);
  for (const [position, user] of dealt.entries()) foldOf[user] = position % folds;
  const draws = new Draws(seed, 'fold-in').ofRatings(table);
  const part = new Uint8Array(table.users.length);
  for (const user of rated) {
    const own = orderOfDraws(draws, rows.subarray(starts[user], starts[user + 1]));
    // Compensates for the rounding of a decimal share: 0.8 of 5 is 4, not 5.
    const shown = Math.ceil(foldIn * own.length - 1e-9);
    for (const [position, row] of own.entries()) part[row] = position < shown ? FOLD_IN : TEST;
  }
  return Array.from({ length: folds }, (_, fold) => {
    const chosen = (keep: (row: number, isOwn: boolean) => boolean): Int32Array =>
      keptRows(rows, (row) => keep(row, foldOf[table.users[row] as number] === fold)).sort();
    return {
      name: `fold-${fold + 1}`,
      train: chosen((_row, isOwn) => !isOwn),
      validation: new Int32Array(0),
      foldIn: foldIn > 0 ? chosen((row, isOwn) => isOwn && part[row] === FOLD_IN) : undefined,
      test: chosen((row, isOwn) => isOwn && part[row] === TEST),
    };
  });
}
