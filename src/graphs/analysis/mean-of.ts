/** The mean of the defined vectors; undefined if there are none. */
export function meanOf(vectors: readonly (Float32Array | undefined)[]): Float64Array | undefined {
  const own = vectors.filter((vector) => vector !== undefined);
  const [first] = own;
  if (first === undefined) return undefined;
  const mean = new Float64Array(first.length);
  for (const vector of own) {
    for (let axis = 0; axis < mean.length; axis++) {
      mean[axis] = (mean[axis] as number) + (vector[axis] as number) / own.length;
    }
  }
  return mean;
}
