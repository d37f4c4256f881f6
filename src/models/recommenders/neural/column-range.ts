/** The range of each column of some rows. */
export interface ColumnRange {
  /** 1st percentile of each column. */
  readonly minimum: Float32Array;
  /** 99th percentile of each column. */
  readonly maximum: Float32Array;
  /** Mean of each column after clipping. */
  readonly mean: Float32Array;
  /** Population deviation of each column after clipping; 0 for one that does not vary. */
  readonly deviation: Float64Array;
}

/** Share of the values that are clipped on either side. */
const tail = 0.01;
/** Below this share of a column's mean, its deviation is only rounding. */
const roundingShare = 1e-6;

/**
 * Clips each column of `count` rows (in place) at its 1st and 99th percentile, so that outliers
 * cannot stretch the scale of the others, and returns the ranges of the columns.
 */
export function clipColumns(rows: Float32Array, count: number, dimension: number): ColumnRange {
  const minimum = new Float32Array(dimension);
  const maximum = new Float32Array(dimension);
  const mean = new Float32Array(dimension);
  const deviation = new Float64Array(dimension);
  if (count === 0) return { minimum, maximum, mean, deviation };
  const column = new Float32Array(count);
  for (let at = 0; at < dimension; at++) {
    for (let row = 0; row < count; row++) column[row] = rows[row * dimension + at] as number;
    column.sort();
    const low = column[Math.floor(tail * (count - 1))] as number;
    const high = column[Math.ceil((1 - tail) * (count - 1))] as number;
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const value = Math.min(high, Math.max(low, rows[row * dimension + at] as number));
      rows[row * dimension + at] = value;
      sum += value;
    }
    const middle = sum / count;
    for (let row = 0; row < count; row++) squares += ((rows[row * dimension + at] as number) - middle) ** 2;
    const spread = Math.sqrt(squares / count);
    minimum[at] = low;
    maximum[at] = high;
    mean[at] = middle;
    deviation[at] = spread > roundingShare * Math.abs(middle) ? spread : 0;
  }
  return { minimum, maximum, mean, deviation };
}
