const maxTerms = 10_000;
const tiny = 1e-300;

/**
 * The regularised incomplete beta function I_x(n / 2, 1 / 2) at x = n / (n + t^2), n an integer of
 * at least 1: the two tails of Student's t. To about 1e-14.
 */
export function incompleteBeta(t: number, degrees: number): number {
  const a = degrees / 2;
  const square = t * t;
  if (square === Number.POSITIVE_INFINITY) return 0;
  const x = degrees / (degrees + square);
  const other = square / (degrees + square);
  const front = (Math.exp(-a * Math.log1p(square / degrees)) * Math.sqrt(other) * gammaRatio(a)) / Math.sqrt(Math.PI);
  // The fraction converges fast on its own side of the mean.
  return x < (a + 1) / (a + 2.5)
    ? (front * continuedFraction(a, 0.5, x)) / a
    : 1 - (front * continuedFraction(0.5, a, other)) / 0.5;
}

/** Gamma(a + 1/2) / Gamma(a) of a = 1/2, 1, 3/2, ...: from its first values, or its series. */
function gammaRatio(a: number): number {
  if (a > 200) {
    const r = 1 / a;
    return Math.sqrt(a) * (1 + r * (-1 / 8 + r * (1 / 128 + r * (5 / 1024 + r * (-21 / 32768)))));
  }
  let at = Number.isInteger(a) ? 1 : 0.5;
  let ratio = Number.isInteger(a) ? Math.sqrt(Math.PI) / 2 : 1 / Math.sqrt(Math.PI);
  for (; at < a; at++) ratio *= (at + 0.5) / at;
  return ratio;
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function continuedFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= maxTerms; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return value;
}

function nonZero(value: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
