/** How alike vectors of two networks are. */
export interface Similarity {
  readonly mean: number;
  readonly least: number;
}

/**
 * Cosine similarity of two vectors: `a . b / (|a| |b|)`. Two vectors of zeros are alike (1), one of
 * zeros and another are not (0).
 *
 * @example
 * cosine(Float32Array.of(1, 0), Float32Array.of(2, 0)); // 1
 */
export function cosine(left: Float32Array, right: Float32Array): number {
  let [dot, squaresLeft, squaresRight] = [0, 0, 0];
  for (let index = 0; index < left.length; index++) {
    const [a, b] = [left[index] as number, right[index] as number];
    dot += a * b;
    squaresLeft += a * a;
    squaresRight += b * b;
  }
  if (squaresLeft === 0 && squaresRight === 0) return 1;
  return squaresLeft === 0 || squaresRight === 0 ? 0 : dot / Math.sqrt(squaresLeft * squaresRight);
}

/** Mean and least cosine similarity of vectors pair by pair; there is at least one pair. */
export function similarity(left: readonly Float32Array[], right: readonly Float32Array[]): Similarity {
  const values = left.map((vector, index) => cosine(vector, right[index] as Float32Array));
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, least: Math.min(...values) };
}
