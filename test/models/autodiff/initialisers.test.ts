import { expect, test } from 'vitest';
import {
  forgetBias,
  glorotUniform,
  orthogonal,
  seededUniform,
  uniformWithin,
} from '../../../src/models/autodiff/initialisers.ts';

const product = (
  values: Float32Array,
  a: number,
  b: number,
  length: number,
  strideOf: 'row' | 'column',
  columns: number,
) => {
  let sum = 0;
  for (let at = 0; at < length; at++) {
    const place = (which: number) => (strideOf === 'row' ? which * columns + at : at * columns + which);
    sum += (values[place(a)] as number) * (values[place(b)] as number);
  }
  return sum;
};

test.each([
  [8, 32, 'row'],
  [12, 5, 'column'],
  [6, 6, 'row'],
] as const)('an orthogonal %i x %i matrix has orthonormal vectors along its shorter axis', (rows, columns, axis) => {
  const values = orthogonal([rows, columns], seededUniform(1, 'recurrent'));
  const count = Math.min(rows, columns);
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) {
      const expected = a === b ? 1 : 0;
      expect(product(values, a, b, Math.max(rows, columns), axis, columns)).toBeCloseTo(expected, 5);
    }
  }
});

test('Glorot and embedding values fill their ranges evenly', () => {
  const kernel = glorotUniform([40, 60], seededUniform(2, 'kernel'));
  const bound = Math.sqrt(6 / 100);
  const variance = kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length;
  expect(Math.max(...kernel)).toBeLessThan(bound);
  expect(Math.min(...kernel)).toBeGreaterThan(-bound);
  expect(Math.abs(variance - bound ** 2 / 3)).toBeLessThan(0.05 * bound ** 2);
  const embedding = uniformWithin(0.05)([100, 8], seededUniform(2, 'embedding'));
  expect(Math.max(...embedding.map(Math.abs))).toBeLessThan(0.05);
});

test('the forget quarter of an LSTM bias is 1', () => {
  expect([...forgetBias([8], () => 0)]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
});

test('values depend on seed and name alone', () => {
  const values = (seed: number, name: string) => [...uniformWithin(1)([5], seededUniform(seed, name))];
  expect(values(1, 'a')).toEqual(values(1, 'a'));
  expect(values(1, 'a')).not.toEqual(values(2, 'a'));
  expect(values(1, 'a')).not.toEqual(values(1, 'b'));
});
