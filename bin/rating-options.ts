import { UsageError } from '../src/core/errors.ts';
import type { RatingScale } from '../src/core/rating-scale.ts';
import { flag, parsed, word } from './option-table.ts';

/** How ratings are read, in every command that reads them. */
export const ratingOptions = {
  scale: parsed('MIN,MAX', 'least and greatest rating', scaleOf, 'those that there are'),
  duplicates: word(['first', 'last'], 'which of two ratings of an item by a user counts; without it, that is an error'),
  skipBadLines: flag('passes over bad lines and counts them'),
};

function scaleOf(text: string, name: string): RatingScale {
  const [minimum = Number.NaN, maximum = Number.NaN, ...rest] = text
    .split(',')
    .map((entry) => (entry.trim() === '' ? Number.NaN : Number(entry)));
  if (minimum < maximum && Number.isFinite(maximum - minimum) && rest.length === 0) return { minimum, maximum };
  throw new UsageError(`\`--${name}\` must be the least and the greatest rating, as in 0.5,5, but is '${text}'`);
}
