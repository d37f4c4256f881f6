import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { inverseCholesky } from '../../../src/models/pca/inverse-cholesky.ts';
import { onnxMatMul } from '../../../src/models/pca/mat-mul.ts';
import { orthonormalise } from '../../../src/models/pca/orthonormalise.ts';
import { difference, seeded } from './helpers.ts';

const matMul = onnxMatMul();

async function gramOf(block: Float64Array, rows: number, columns: number): Promise<Float64Array> {
  const operand = { values: block, rows, columns };
  return matMul.multiply({ ...operand, transposed: true }, operand);
}

const identity = (n: number) => Float64Array.from({ length: n * n }, (_, index) => (index % (n + 1) === 0 ? 1 : 0));

describe('Cholesky QR', () => {
  it.each([
    ['well apart', 1],
    ['of sizes from 1 to 1e-12, nearly dependent', 1e-9],
  ])('makes columns orthonormal that are %s, keeping their leading spans', async (_, apart) => {
    const [rows, columns] = [400, 130];
    const random = seeded(3);
    const common = Float64Array.from({ length: rows }, () => random() - 0.5);
    const block = Float64Array.from({ length: rows * columns }, (_, index) => {
      const value = (common[Math.floor(index / columns)] ?? 0) + apart * (random() - 0.5);
      return apart === 1 ? value : value * 10 ** ((-12 * (index % columns)) / columns);
    });
    const basis = await orthonormalise(block, rows, columns, matMul);
    expect(difference(await gramOf(basis, rows, columns), identity(columns))).toBeLessThan(1e-12);
    const first = (values: Float64Array) => Float64Array.from({ length: rows }, (_, row) => values[row * columns] ?? 0);
    const length = Math.hypot(...first(block));
    expect(
      difference(
        first(basis),
        first(block).map((value) => value / length),
      ),
    ).toBeLessThan(1e-6);
  });

  it('refuses a column of zeros', async () => {
    await expect(orthonormalise(new Float64Array(20), 10, 2, matMul)).rejects.toThrow(ModelError);
  });
});

describe('the inverse of a Cholesky factor', () => {
  it.each([1, 5, 48, 49, 137])('of %i rows turns the matrix into the identity', async (n) => {
    const random = seeded(n);
    const gram = await gramOf(
      Float64Array.from({ length: 2 * n * n }, () => random() - 0.5),
      2 * n,
      n,
    );
    const { inverse, minPivot } = await inverseCholesky(gram.slice(), n, matMul);
    expect(minPivot).toBeGreaterThan(0);
    const operand = { values: inverse, rows: n, columns: n };
    const half = await matMul.multiply(operand, { values: gram, rows: n, columns: n });
    const whole = await matMul.multiply({ values: half, rows: n, columns: n }, { ...operand, transposed: true });
    expect(difference(whole, identity(n))).toBeLessThan(1e-10);
  });

  it('tells that a matrix is not positive definite', async () => {
    const { minPivot } = await inverseCholesky(Float64Array.of(1, 2, 2, 1), 2, matMul);
    expect(minPivot).toBe(-3);
  });
});
