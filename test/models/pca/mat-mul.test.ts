import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { onnxMatMul } from '../../../src/models/pca/mat-mul.ts';
import { difference, seeded } from './helpers.ts';

const matMul = onnxMatMul();

/** Rows of a stored matrix as nested lists, read the other way round when transposed. */
function lists(values: ArrayLike<number>, rows: number, columns: number, transposed: boolean): number[][] {
  const at = (row: number, column: number) => values[row * columns + column] as number;
  return transposed
    ? Array.from({ length: columns }, (_, row) => Array.from({ length: rows }, (_, column) => at(column, row)))
    : Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => at(row, column)));
}

describe('MatMul', () => {
  it('multiplies as the definition says, either operand transposed, in float32 and float64', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size, size, fc.boolean(), fc.boolean(), fc.boolean(), fc.integer({ min: 1 })),
        async ([height, inner, width, turnLeft, turnRight, double, seed]) => {
          const random = seeded(seed);
          const make = (length: number) => {
            const values = Float64Array.from({ length }, () => random() - 0.5);
            return double ? values : Float32Array.from(values);
          };
          // Operands inside larger buffers, as callers give them.
          const left = make(height * inner + 3).subarray(3);
          const right = make(inner * width + 2).subarray(2);
          const [leftRows, leftColumns] = turnLeft ? [inner, height] : [height, inner];
          const [rightRows, rightColumns] = turnRight ? [width, inner] : [inner, width];
          const product = await matMul.multiply(
            { values: left, rows: leftRows, columns: leftColumns, transposed: turnLeft },
            { values: right, rows: rightRows, columns: rightColumns, transposed: turnRight },
          );
          const b = lists(right, rightRows, rightColumns, turnRight);
          const expected = lists(left, leftRows, leftColumns, turnLeft).flatMap((row) =>
            Array.from({ length: width }, (_, column) =>
              row.reduce((sum, value, index) => sum + value * (b[index]?.[column] ?? 0), 0),
            ),
          );
          expect(difference(product, expected)).toBeLessThan(double ? 1e-14 : 1e-5);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('cuts large products into blocks, so that the event loop turns, without changing the result', async () => {
    const random = seeded(5);
    const long = 300_000;
    const values = Float64Array.from({ length: long * 70 }, () => random() - 0.5);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const operand = { values, rows: long, columns: 70 };
    const gram = await matMul.multiply({ ...operand, transposed: true }, operand);
    const identity = Float64Array.from({ length: 70 * 70 }, (_, index) => (index % 71 === 0 ? 2 : 0));
    const doubled = await matMul.multiply(operand, { values: identity, rows: 70, columns: 70 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
    for (const [i, j] of [
      [0, 0],
      [3, 69],
      [69, 3],
    ] as const) {
      let sum = 0;
      for (let row = 0; row < long; row++) sum += (values[row * 70 + i] as number) * (values[row * 70 + j] as number);
      expect(Math.abs((gram[i * 70 + j] as number) - sum)).toBeLessThan(1e-8);
    }
    expect(
      difference(
        doubled.subarray(-700),
        values.subarray(-700).map((value) => 2 * value),
      ),
    ).toBe(0);
  });

  it('refuses sizes that do not fit', async () => {
    const square = { values: new Float64Array(4), rows: 2, columns: 2 };
    await expect(matMul.multiply(square, { ...square, rows: 3 })).rejects.toThrow(UsageError);
    const wide = { values: new Float64Array(3), rows: 1, columns: 3 };
    await expect(matMul.multiply(square, wide)).rejects.toThrow(/inner dimension of 2, but has 1/);
    await expect(matMul.multiply(square, square, new Float64Array(3))).rejects.toThrow(/`target` must hold 4/);
  });
});
