import { UsageError } from '../src/core/errors.ts';
import type { RatingScale } from '../src/core/rating-scale.ts';
import { flag, parsed, word } from './option-table.ts';

/** How ratings are read, for every command that reads them. */
export const ratingOptions = {
  scale: parsed('MIN,MAX', 'lowest and highest rating', scaleOf, 'those that occur'),
  duplicateRatings: {
    ...word(
      ['first', 'last'],
      'which of two ratings of the same item by the same user counts; by default that is an error',
    ),
    formerly: ['duplicates'],
  },
  skipBadLines: flag('skips bad lines and counts them'),
};

function scaleOf(text: string, name: string): RatingScale {
  const [minimum = Number.NaN, maximum = Number.NaN, ...rest] = text
    .split(',')
    .map((entry) => (entry.trim() === '' ? Number.NaN : Number(entry)));
  if (minimum < maximum && Number.isFinite(maximum - minimum) && rest.length === 0) return { minimum, maximum };
  throw new UsageError(`\`--${name}\` must be the lowest and the highest rating, as in 0.5,5, but is '${text}'`);
}
