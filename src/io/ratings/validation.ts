import { checkOneOf } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Resolved } from '../../core/given.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { Draws, orderOfDraws } from './draws.ts';
import { keptRows } from './kept-rows.ts';
import type { RatingTable } from './rating-table.ts';
import { rowsByGroup } from './rows-by-group.ts';
import type { Split } from './split.ts';
import { joinRows } from './subset.ts';

/** Which part of the training ratings to hold out for early stopping. */
export interface ValidationOptions {
  /**
   * `ratings` (default): ratings at random. `item-cold`: all training ratings of randomly drawn
   * items, until they reach the share, so that validation resembles a cold start. `none`.
   */
  readonly kind?: 'ratings' | 'item-cold' | 'none' | undefined;
  /** Share of the training ratings, above 0 and below 1. Default 0.1; rounded to whole ratings. */
  readonly share?: number | undefined;
}

const known: KnownOptions<ValidationOptions> = { kind: true, share: true };

/** Options of a validation part with their defaults. */
export function resolveValidation(options: ValidationOptions): Resolved<ValidationOptions> {
  checkKnownOptions('validation', options, known);
  const kind = checkOneOf('validation.kind', options.kind ?? 'ratings', ['ratings', 'item-cold', 'none']);
  const share = options.share ?? 0.1;
  if (typeof share !== 'number' || !(share > 0 && share < 1)) {
    throw new UsageError(`\`validation.share\` must be a number above 0 and below 1, but is ${share}`);
  }
  return { kind, share };
}

/**
 * Moves a part of a split's training ratings into its validation part; the test part is unchanged.
 * Ratings that are already in the validation part are first returned to training.
 *
 * @throws UsageError when the share is not between 0 and 1, or no training ratings would be left.
 */
export function withValidation(table: RatingTable, split: Split, options: ValidationOptions, seed: number): Split {
  const { kind, share } = resolveValidation(options);
  const training = joinRows([split.train, split.validation]);
  if (kind === 'none') return { ...split, train: training, validation: new Int32Array(0) };
  const wanted = Math.round(share * training.length);
  const taken =
    kind === 'ratings' ? someRatings(table, training, wanted, seed) : someItems(table, training, wanted, seed);
  if (taken.length === training.length) {
    throw new UsageError(
      `${split.name} has ${training.length} training ratings, too few to split off a validation part`,
      {
        code: 'ratings',
        remedy: "Take more ratings, or `validation: { kind: 'none' }`.",
      },
    );
  }
  const isTaken = new Uint8Array(table.users.length);
  for (const row of taken) isTaken[row] = 1;
  return { ...split, train: keptRows(training, (row) => isTaken[row] === 0), validation: taken };
}

function someRatings(table: RatingTable, training: Int32Array, wanted: number, seed: number): Int32Array {
  const draws = new Draws(seed, 'validation').ofRatings(table);
  return orderOfDraws(draws, training).slice(0, wanted).sort();
}

function someItems(table: RatingTable, training: Int32Array, wanted: number, seed: number): Int32Array {
  const { rows, starts } = rowsByGroup(table.items, table.itemIds.length, training);
  const order = orderOfDraws(new Draws(seed, 'validation-items').ofIds(table.itemIds));
  const parts: Int32Array[] = [];
  let count = 0;
  for (const item of order) {
    if (count >= wanted) break;
    const own = rows.subarray(starts[item], starts[item + 1]);
    count += own.length;
    parts.push(own);
  }
  return joinRows(parts);
}
