import { expect, test } from 'vitest';
import { fillMask } from '../../../src/models/autodiff/mask.js';

const filled = (rate: number, seed: number, step: number, index: number, length = 10_000) => {
  const mask = new Float32Array(length);
  fillMask(mask, rate, seed, step, index);
  return mask;
};

test.each([0.1, 0.5, 0.8])('about %f of a mask is 0, the rest 1 / (1 - rate)', (rate) => {
  const mask = filled(rate, 1, 1, 0);
  const dropped = mask.filter((value) => value === 0).length / mask.length;
  expect(Math.abs(dropped - rate)).toBeLessThan(0.02);
  expect([...new Set(mask)].sort()).toEqual([0, Math.fround(1 / (1 - rate))]);
});

test('seed, step and number of the mask each change it; nothing else does', () => {
  const mask = filled(0.5, 1, 2, 3);
  expect(filled(0.5, 1, 2, 3)).toEqual(mask);
  // Independent masks agree in half of their values.
  for (const other of [filled(0.5, 2, 2, 3), filled(0.5, 1, 3, 3), filled(0.5, 1, 2, 4)]) {
    const same = mask.filter((value, at) => value === other[at]).length / mask.length;
    expect(Math.abs(same - 0.5)).toBeLessThan(0.03);
  }
});
