/** Points of any dimension, one after another. */
export interface Points {
  /** float64 or float32[count x dimension], row-major. */
  readonly values: Float64Array | Float32Array;
  readonly count: number;
  readonly dimension: number;
}

/** The points of these rows, in their order. */
export function pointsAt({ values, dimension }: Points, rows: ArrayLike<number>): Points {
  const chosen = new Float64Array(rows.length * dimension);
  for (let place = 0; place < rows.length; place++) {
    const from = (rows[place] as number) * dimension;
    chosen.set(values.subarray(from, from + dimension), place * dimension);
  }
  return { values: chosen, count: rows.length, dimension };
}

/** One coordinate of every point. */
export function coordinate({ values, count, dimension }: Points, axis: number): Float64Array {
  return Float64Array.from({ length: count }, (_, row) => values[row * dimension + axis] as number);
}

/** The first coordinates of every point. */
export function firstCoordinates({ values, count, dimension }: Points, kept: number): Points {
  if (kept >= dimension) return { values, count, dimension };
  const first = new Float64Array(count * kept);
  for (let row = 0; row < count; row++) first.set(values.subarray(row * dimension, row * dimension + kept), row * kept);
  return { values: first, count, dimension: kept };
}
