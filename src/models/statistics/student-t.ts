import { incompleteBeta } from './incomplete-beta.ts';

/**
 * Two-sided p-value of Student's t: how likely a value at least as far from 0 is by chance.
 *
 * @param degrees degrees of freedom, an integer of at least 1.
 */
export function studentP(t: number, degrees: number): number {
  if (Number.isNaN(t)) return Number.NaN;
  return t === 0 ? 1 : incompleteBeta(t, degrees);
}

/** The value that Student's t exceeds, on either side of 0, with probability `p`. */
export function studentQuantile(p: number, degrees: number): number {
  if (p >= 1) return 0;
  let high = 1;
  while (studentP(high, degrees) > p) high *= 2;
  let low = 0;
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (studentP(middle, degrees) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
