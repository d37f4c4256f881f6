/** A fraction of integers, exact at any size. */
export interface Rational {
  readonly over: bigint;
  readonly under: bigint;
}

/** A fraction, not reduced: `fraction(1, 2)`. */
export const fraction = (over: number, under = 1): Rational => ({ over: BigInt(over), under: BigInt(under) });

/** The sum of two fractions. */
export const plus = (left: Rational, right: Rational): Rational => ({
  over: left.over * right.under + right.over * left.under,
  under: left.under * right.under,
});

/** The product of two fractions. */
export const times = (left: Rational, right: Rational): Rational => ({
  over: left.over * right.over,
  under: left.under * right.under,
});

/** The negative of a fraction. */
export const minus = ({ over, under }: Rational): Rational => ({ over: -over, under });

/** One divided by a fraction other than zero. */
export const inverse = ({ over, under }: Rational): Rational => ({ over: under, under: over });

/** The nearest float64, if numerator and denominator are below 2^53 in lowest terms. */
export function toNumber({ over, under }: Rational): number {
  const divisor = greatestCommonDivisor(over < 0n ? -over : over, under < 0n ? -under : under);
  return Number(over / divisor) / Number(under / divisor);
}

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let [larger, smaller] = [left, right];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger === 0n ? 1n : larger;
}
