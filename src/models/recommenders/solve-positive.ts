/**
 * x of A x = b for a symmetric positive definite A, by Gauss's elimination, which needs no pivots
 * there. Overwrites both.
 */
export function solvePositive(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const at = (row: number, column: number) => a[row * n + column] as number;
  for (let pivot = 0; pivot < n; pivot++) {
    for (let row = pivot + 1; row < n; row++) {
      const factor = at(row, pivot) / at(pivot, pivot);
      for (let column = pivot; column < n; column++) a[row * n + column] = at(row, column) - factor * at(pivot, column);
      b[row] = (b[row] as number) - factor * (b[pivot] as number);
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    let sum = b[row] as number;
    for (let column = row + 1; column < n; column++) sum -= at(row, column) * (b[column] as number);
    b[row] = sum / at(row, row);
  }
  return b;
}
