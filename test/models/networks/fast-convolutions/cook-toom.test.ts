import { describe, expect, it } from 'vitest';
import { cookToom, maxPoints } from '../../../../src/models/networks/fast-convolutions/cook-toom.ts';
import { uniform } from '../helpers.ts';

const times = (matrix: readonly (readonly number[])[], vector: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, factor, index) => sum + factor * (vector[index] as number), 0));

describe('the matrices of a fast convolution', () => {
  const random = uniform(3);
  for (const [outputs, taps] of [
    [2, 3],
    [3, 3],
    [4, 3],
    [2, 5],
    [3, 5],
    [4, 5],
  ] as const) {
    it(`give ${outputs} outputs of ${taps} taps by ${outputs + taps - 1} products`, () => {
      const { input, weights, output, points } = cookToom(outputs, taps);
      expect(points).toBe(outputs + taps - 1);
      const values = Array.from({ length: points }, () => random() - 0.5);
      const kernel = Array.from({ length: taps }, () => random() - 0.5);
      const transformed = times(input, values);
      const products = times(weights, kernel).map((factor, index) => factor * (transformed[index] as number));
      const direct = Array.from({ length: outputs }, (_, place) =>
        kernel.reduce((sum, factor, tap) => sum + factor * (values[place + tap] as number), 0),
      );
      for (const [place, value] of times(output, products).entries())
        expect(value).toBeCloseTo(direct[place] as number, 13);
    });
  }

  it('are refused where float32 would lose its digits', () => {
    expect(() => cookToom(maxPoints - 1, 3)).toThrow('cannot be computed');
    expect(() => cookToom(1, 1)).toThrow(RangeError);
  });
});
