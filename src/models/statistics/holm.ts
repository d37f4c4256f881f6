/**
 * Holm's step-down correction of p-values that are judged together: the chance that any of them
 * falls below a level without reason stays at that level. NaN stays NaN and counts for nothing.
 *
 * @example
 * holm([0.01, 0.04, 0.03]); // [0.03, 0.06, 0.06]
 */
export function holm(values: readonly number[]): number[] {
  const order = [...values.keys()]
    .filter((index) => !Number.isNaN(values[index]))
    .sort((one, other) => (values[one] as number) - (values[other] as number));
  const corrected = values.map(() => Number.NaN);
  let least = 0;
  for (const [rank, index] of order.entries()) {
    least = Math.max(least, Math.min(1, (values[index] as number) * (order.length - rank)));
    corrected[index] = least;
  }
  return corrected;
}
