/** Two-sided p-value of a standard normal `z`, to about 1e-15. */
export function normalP(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  const x = Math.abs(z) / Math.SQRT2;
  return x < 2 ? 1 - errorSeries(x) : errorFraction(x);
}

/** erf(x) by its series of positive terms. */
function errorSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-18 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return ((2 * sum) / Math.sqrt(Math.PI)) * Math.exp(-x * x);
}

/** erfc(x) by its continued fraction, from the far end. */
function errorFraction(x: number): number {
  let value = x;
  for (let n = 120; n >= 1; n--) value = x + n / 2 / value;
  return Math.exp(-x * x) / (value * Math.sqrt(Math.PI));
}
