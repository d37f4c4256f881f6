import type { Interval } from './intervals.ts';

/**
 * The percentile bootstrap interval of a share, without drawing: a sample drawn again with
 * replacement from `count` of which `reached` count has a binomial number of them, and the interval
 * is between two of that number's quantiles. NaN of none.
 *
 * @example
 * shareInterval(25, 100); // { low: 0.17, high: 0.34 }
 */
export function shareInterval(reached: number, count: number, level = 0.95): Interval {
  if (count === 0) return { low: Number.NaN, high: Number.NaN };
  const share = reached / count;
  if (reached === 0 || reached === count) return { low: share, high: share };
  // Probabilities as parts of that of the most probable number, `reached`; beyond what is added
  // here they make no difference to a sum in float64.
  const below: number[] = [];
  for (let at = reached, part = 1; at >= 0 && part > 1e-18; at--) {
    below.push(part);
    part *= (at / (count - at + 1)) * ((1 - share) / share);
  }
  const first = reached - below.length + 1;
  const parts = below.reverse();
  for (let at = reached, part = 1; at < count; at++) {
    part *= ((count - at) / (at + 1)) * (share / (1 - share));
    if (part <= 1e-18) break;
    parts.push(part);
  }
  const whole = parts.reduce((sum, part) => sum + part, 0);
  const quantile = (wanted: number) => {
    let sum = 0;
    for (const [place, part] of parts.entries()) {
      sum += part / whole;
      if (sum >= wanted) return (first + place) / count;
    }
    return (first + parts.length - 1) / count;
  };
  return { low: quantile((1 - level) / 2), high: quantile((1 + level) / 2) };
}
