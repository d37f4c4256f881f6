import { UsageError } from '../../core/errors.ts';
import { likedAboveOf, type RatingScale } from '../../core/rating-scale.ts';
import type { ThresholdRule } from './ranked-list.ts';

/**
 * Checks that a threshold separates good ratings from others.
 *
 * @param ratings - test ratings.
 * @returns a warning if the threshold is not in the upper half of the scale.
 * @throws UsageError `threshold` if all ratings are relevant, or none is: every figure would only
 * reflect the threshold.
 */
export function checkThreshold(
  ratings: ArrayLike<number>,
  { threshold = 3.5, thresholdRule = 'gt', scale }: ThresholdSetting,
): string | undefined {
  const { minimum, maximum } = scale;
  const range = `${minimum} to ${maximum}`;
  const usual = Number(likedAboveOf(scale).toPrecision(3));
  let relevant = 0;
  for (let row = 0; row < ratings.length; row++) {
    const rating = ratings[row] as number;
    if (thresholdRule === 'gt' ? rating > threshold : rating >= threshold) relevant++;
  }
  if (relevant === 0 || relevant === ratings.length) {
    const which = relevant === 0 ? 'none' : 'each';
    const rule = thresholdRule === 'gt' ? 'above' : 'at least';
    throw new UsageError(
      `\`threshold\` must tell ratings apart, but ${which} of ${ratings.length} test ratings is ${rule} ${threshold}; they are on a scale of ${range}`,
      {
        option: 'threshold',
        remedy: Array.prototype.every.call(ratings, (rating) => rating === ratings[0])
          ? "They are all alike: `implicit: 'any'` with `protocol: 'catalogue'` asks which items were chosen."
          : `On this scale \`threshold: ${usual}\` corresponds to 3.5 on one of 0.5 to 5.`,
      },
    );
  }
  const isUpper = threshold >= (minimum + maximum) / 2 && threshold <= maximum;
  if (isUpper) return undefined;
  return `the threshold ${threshold} is not in the upper half of the scale ${range}: what is relevant may not be what is liked (3.5 on a scale of 0.5 to 5 is ${usual} here)`;
}

/** The settings of a threshold check. */
export interface ThresholdSetting {
  readonly threshold?: number | undefined;
  readonly thresholdRule?: ThresholdRule | undefined;
  readonly scale: RatingScale;
}
