import fc from 'fast-check';
import { expect, test } from 'vitest';
import { factorKernel, factorsPerRound } from '../../../src/models/recommenders/factor-kernel.ts';

const finite = fc.double({ min: -3, max: 3, noNaN: true });

test('a step moves both vectors from their old values and gives the error', () => {
  const kernel = factorKernel(8);
  kernel.values.set([1, 2, 0, 0, 3, 4, 0, 0]);
  // Error 12 - (1 * 3 + 2 * 4) = 1; rate 0.5, kept 0.75.
  expect(kernel.step(0, 32, 32, 12, 0.5, 0.75)).toBe(1);
  expect([...kernel.values]).toEqual([0.75 + 1.5, 1.5 + 2, 0, 0, 2.25 + 0.5, 3 + 1, 0, 0]);
});

test('WebAssembly and JavaScript give the same bits', () => {
  const vectors = fc
    .integer({ min: 1, max: 9 })
    .chain((rounds) => fc.array(finite, { minLength: 2 * 4 * rounds, maxLength: 2 * 4 * rounds }));
  fc.assert(
    fc.property(vectors, finite, fc.double({ min: 0, max: 0.1, noNaN: true }), (start, target, rate) => {
      const bytes = 4 * start.length;
      const kernels = [factorKernel(start.length), factorKernel(start.length, true)];
      const errors = kernels.map(({ values, step }) => {
        values.set(start);
        return [step(0, bytes, bytes, target, rate, 1 - rate / 50), step(0, bytes, bytes, target, rate, 1)];
      });
      expect(errors[0]).toEqual(errors[1]);
      expect(kernels[0]?.values).toEqual(kernels[1]?.values);
    }),
  );
});

test('this engine runs the WebAssembly one', () => {
  expect(factorKernel(1).values.buffer.byteLength).toBe(65_536);
  expect(factorsPerRound).toBe(4);
});
