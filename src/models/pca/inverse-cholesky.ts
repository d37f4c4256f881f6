import type { MatMul } from './mat-mul.ts';

/** Up to this size a triangle is computed by loops, above it by block products. */
const leafSize = 48;

/**
 * The inverse of a Cholesky factor, and the smallest pivot, which shows how close to dependent the
 * underlying columns are.
 */
export interface InverseFactor {
  /** n x n, row-major, lower triangular. */
  readonly inverse: Float64Array;
  /**
   * The smallest squared diagonal element of the factor. If zero or less, the matrix is not
   * positive definite and `inverse` is meaningless.
   */
  readonly minPivot: number;
}

/**
 * L^-1 of the Cholesky factorisation A = L L' of a symmetric positive definite matrix, recursively
 * by halves:
 *
 *     A = [A11, A21'; A21, A22]    X = A21 L11^-T    L22 L22' = A22 - X X'    L^-1 = [L11^-1, 0; -L22^-1 X L11^-1, L22^-1]
 *
 * so that nearly all work is matrix products. Only the lower triangle of `matrix` is read.
 */
export async function inverseCholesky(matrix: Float64Array, n: number, matMul: MatMul): Promise<InverseFactor> {
  if (n <= leafSize) return inverseLeaf(matrix, n);
  const upper = Math.ceil(n / 2);
  const lower = n - upper;
  const first = await inverseCholesky(block(matrix, n, 0, 0, upper, upper), upper, matMul);
  if (!(first.minPivot > 0)) return first;
  const side = block(matrix, n, upper, 0, lower, upper);
  const inverse11 = { values: first.inverse, rows: upper, columns: upper };
  const solved = await matMul.multiply(
    { values: side, rows: lower, columns: upper },
    { ...inverse11, transposed: true },
  );
  const solvedOperand = { values: solved, rows: lower, columns: upper };
  const square = await matMul.multiply(solvedOperand, { ...solvedOperand, transposed: true });
  const rest = block(matrix, n, upper, upper, lower, lower);
  for (let index = 0; index < rest.length; index++) rest[index] = (rest[index] as number) - (square[index] as number);
  const second = await inverseCholesky(rest, lower, matMul);
  const minPivot = Math.min(first.minPivot, second.minPivot);
  if (!(minPivot > 0)) return { inverse: first.inverse, minPivot };
  const inner = await matMul.multiply(solvedOperand, inverse11);
  const corner = await matMul.multiply(
    { values: second.inverse, rows: lower, columns: lower },
    { values: inner, rows: lower, columns: upper },
  );
  const inverse = new Float64Array(n * n);
  for (let row = 0; row < upper; row++) inverse.set(first.inverse.subarray(row * upper, (row + 1) * upper), row * n);
  for (let row = 0; row < lower; row++) {
    const start = (upper + row) * n;
    for (let column = 0; column < upper; column++) inverse[start + column] = -(corner[row * upper + column] as number);
    inverse.set(second.inverse.subarray(row * lower, (row + 1) * lower), start + upper);
  }
  return { inverse, minPivot };
}

function block(
  matrix: Float64Array,
  n: number,
  row: number,
  column: number,
  rows: number,
  columns: number,
): Float64Array {
  const part = new Float64Array(rows * columns);
  for (let index = 0; index < rows; index++) {
    const start = (row + index) * n + column;
    part.set(matrix.subarray(start, start + columns), index * columns);
  }
  return part;
}

function inverseLeaf(matrix: Float64Array, n: number): InverseFactor {
  const factor = new Float64Array(n * n);
  const inverse = new Float64Array(n * n);
  let minPivot = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (factor[i * n + k] as number) * (factor[j * n + k] as number);
      if (i === j) {
        minPivot = Math.min(minPivot, sum);
        if (!(sum > 0)) return { inverse, minPivot: sum };
        factor[i * n + i] = Math.sqrt(sum);
      } else factor[i * n + j] = sum / (factor[j * n + j] as number);
    }
  }
  for (let column = 0; column < n; column++) {
    inverse[column * n + column] = 1 / (factor[column * n + column] as number);
    for (let i = column + 1; i < n; i++) {
      let sum = 0;
      for (let k = column; k < i; k++) sum += (factor[i * n + k] as number) * (inverse[k * n + column] as number);
      inverse[i * n + column] = -sum / (factor[i * n + i] as number);
    }
  }
  return { inverse, minPivot };
}
