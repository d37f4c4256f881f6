import { shown } from './check.ts';
import { UsageError } from './errors.ts';

/** The lowest and the highest possible rating, e.g. 0.5 and 5. */
export interface RatingScale {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Checks a rating scale.
 *
 * @throws UsageError unless both ends are finite and the minimum is below the maximum.
 */
export function checkScale(scale: RatingScale): void {
  const { minimum, maximum } = scale;
  if (!(Number.isFinite(minimum) && Number.isFinite(maximum) && minimum < maximum)) {
    throw new UsageError(
      `\`scale\` must have a finite minimum below its maximum, but has ${shown(minimum)} and ${shown(maximum)}`,
    );
  }
}

/** Where a rating begins to be liked unless told otherwise: two thirds up, 3.5 of 0.5 to 5. */
export function likedAboveOf({ minimum, maximum }: RatingScale): number {
  return minimum + (2 / 3) * (maximum - minimum);
}
