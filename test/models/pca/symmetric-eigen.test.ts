import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { symmetricEigen } from '../../../src/models/pca/symmetric-eigen.ts';
import { difference, seeded } from './helpers.ts';

function randomSymmetric(n: number, seed: number): Float64Array {
  const random = seeded(seed);
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = random() - 0.5;
      matrix[i * n + j] = value;
      matrix[j * n + i] = value;
    }
  }
  return matrix;
}

/** Largest entry of A v - value v, and of V V' - 1. */
function faults(matrix: Float64Array, values: Float64Array, vectors: Float64Array): [number, number] {
  const n = values.length;
  const a = new Matrix(Array.from({ length: n }, (_, row) => Array.from(matrix.subarray(row * n, (row + 1) * n))));
  const v = new Matrix(Array.from({ length: n }, (_, row) => Array.from(vectors.subarray(row * n, (row + 1) * n))));
  const residual = v.mmul(a).sub(Matrix.diag(Array.from(values)).mmul(v));
  const gram = v.mmul(v.transpose()).sub(Matrix.eye(n));
  return [Math.max(...residual.to1DArray().map(Math.abs)), Math.max(...gram.to1DArray().map(Math.abs))];
}

describe('the eigenvalues of a symmetric matrix', () => {
  it.each([1, 2, 3, 10, 60, 150])('of %i rows are those of ml-matrix, with orthonormal eigenvectors', async (n) => {
    const matrix = randomSymmetric(n, n);
    const { values, vectors } = await symmetricEigen(matrix.slice(), n);
    const rows = Array.from({ length: n }, (_, row) => Array.from(matrix.subarray(row * n, (row + 1) * n)));
    const expected = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues;
    expect(
      difference(
        values,
        expected.sort((left, right) => right - left),
      ),
    ).toBeLessThan(1e-12);
    const [residual, skew] = faults(matrix, values, vectors);
    expect(residual).toBeLessThan(1e-12);
    expect(skew).toBeLessThan(1e-12);
  });

  it.each([
    ['zero', 0],
    ['the identity', 1],
  ])('are found for %s and for matrices of rank one', async (_, diagonal) => {
    const n = 7;
    const flat = Float64Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? diagonal : 0));
    expect(difference((await symmetricEigen(flat.slice(), n)).values, Array(n).fill(diagonal))).toBe(0);
    const one = flat.map((value) => value + 2);
    const { values, vectors } = await symmetricEigen(one.slice(), n);
    expect(difference(values, [2 * n + diagonal, ...Array(n - 1).fill(diagonal)])).toBeLessThan(1e-13);
    expect(Math.max(...faults(one, values, vectors))).toBeLessThan(1e-13);
  });

  it('do not exist for a matrix with NaN', async () => {
    await expect(symmetricEigen(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2)).rejects.toThrow(ModelError);
  });
});
