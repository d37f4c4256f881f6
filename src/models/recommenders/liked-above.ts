import type { RatingScale } from '../../core/rating-scale.ts';

/** Where a rating begins to be liked unless told otherwise: two thirds up the scale. */
export function likedAboveOf({ minimum, maximum }: RatingScale): number {
  return minimum + (2 / 3) * (maximum - minimum);
}
