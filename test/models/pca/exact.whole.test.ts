import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { fitExact } from '../../../src/models/pca/exact.ts';
import { transform } from '../../../src/models/pca/fitted-pca.ts';
import { Moments } from '../../../src/models/pca/moments.ts';
import {
  axesDifference,
  difference,
  directCovariance,
  hasReference,
  mixedRows,
  momentsOf,
  reference,
  referenceRows,
} from './helpers.ts';

/**
 * Largest entry of C a - variance a over all axes, relative to the first variance: 0 for
 * eigenvectors.
 */
function residual(rows: Float32Array, dimension: number, axes: Float32Array, variances: Float64Array): number {
  const { mean } = directMean(rows, dimension);
  const count = rows.length / dimension;
  let largest = 0;
  for (const [number, variance] of variances.entries()) {
    const axis = axes.subarray(number * dimension, (number + 1) * dimension);
    const image = new Float64Array(dimension);
    for (let start = 0; start < rows.length; start += dimension) {
      let score = 0;
      for (let column = 0; column < dimension; column++) {
        score += ((rows[start + column] ?? 0) - (mean[column] ?? 0)) * (axis[column] ?? 0);
      }
      for (let column = 0; column < dimension; column++) {
        image[column] = (image[column] ?? 0) + score * ((rows[start + column] ?? 0) - (mean[column] ?? 0));
      }
    }
    largest = Math.max(
      largest,
      difference(
        image.map((value) => value / (count - 1)),
        Float64Array.from(axis, (value) => value * variance),
      ),
    );
  }
  return largest / (variances[0] ?? 1);
}

function directMean(rows: Float32Array, dimension: number): { mean: Float64Array } {
  const mean = new Float64Array(dimension);
  for (const [index, value] of rows.entries()) mean[index % dimension] = (mean[index % dimension] ?? 0) + value;
  return { mean: mean.map((value) => (value * dimension) / rows.length) };
}

describe('exact PCA', () => {
  it.skipIf(!hasReference)(
    `meets scikit-learn's PCA to 1e-5${hasReference ? '' : ' (skipped: ../shared is absent)'}`,
    async () => {
      const { full_pca: expected } = reference();
      const model = await fitExact(await momentsOf(referenceRows(), 16), { components: 5 });
      expect(axesDifference(model.axes, expected.components.flat(), 16)).toBeLessThan(1e-5);
      expect(difference(model.explainedVarianceRatio, expected.explained_variance_ratio)).toBeLessThan(1e-5);
      const singular = model.explainedVariance.map((variance) => Math.sqrt(variance * 239));
      expect(difference(singular, expected.singular_values)).toBeLessThan(1e-5);
    },
  );

  it('finds eigenvectors of the covariance by subspace iteration as well as directly', async () => {
    const rows = mixedRows(300, 600, 30);
    const model = await fitExact(await momentsOf(rows, 600), { components: 20 });
    expect(residual(rows, 600, model.axes, model.explainedVariance)).toBeLessThan(1e-5);
    const direct = mixedRows(300, 80, 30);
    const small = await fitExact(await momentsOf(direct, 80), { components: 20 });
    expect(residual(direct, 80, small.axes, small.explainedVariance)).toBeLessThan(1e-6);
  });

  it('gives orthonormal axes, the value of largest magnitude in each positive, variances falling', async () => {
    const dimension = 600;
    const { axes, explainedVariance } = await fitExact(await momentsOf(mixedRows(300, dimension, 12), dimension), {
      components: 15,
    });
    for (let a = 0; a < 15; a++) {
      const axis = axes.subarray(a * dimension, (a + 1) * dimension);
      for (let b = 0; b <= a; b++) {
        const product = axis.reduce((sum, value, column) => sum + value * (axes[b * dimension + column] ?? 0), 0);
        expect(Math.abs(product - (a === b ? 1 : 0))).toBeLessThan(1e-6);
      }
      const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
      expect(largest).toBeGreaterThan(0);
    }
    expect([...explainedVariance].sort((left, right) => right - left)).toEqual([...explainedVariance]);
  });

  it('takes the least number of components that reaches the variance asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 50 }),
        async (variance, seed) => {
          const moments = await momentsOf(mixedRows(30, 8, 8, seed), 8);
          const { explainedVarianceRatio, components } = await fitExact(moments, { variance });
          const sums = Array.from(explainedVarianceRatio, (_, index) =>
            explainedVarianceRatio.slice(0, index + 1).reduce((sum, ratio) => sum + ratio, 0),
          );
          expect(sums.at(-1)).toBeGreaterThanOrEqual(variance - 1e-9);
          if (components > 1) expect(sums.at(-2)).toBeLessThan(variance);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('grows its subspace when the variance asked for needs more than the first guess', async () => {
    const moments = await momentsOf(mixedRows(900, 1000, 200), 1000);
    const all = await fitExact(moments, { components: 230 });
    const { components, explainedVarianceRatio } = await fitExact(moments, { variance: 0.9995 });
    const sums = Array.from(all.explainedVarianceRatio, (_, index) =>
      all.explainedVarianceRatio.slice(0, index + 1).reduce((sum, ratio) => sum + ratio, 0),
    );
    const expected = 1 + sums.findIndex((sum) => sum >= 0.9995);
    expect(components).toBeGreaterThan(80);
    expect(components).toBe(expected);
    expect(explainedVarianceRatio.length).toBe(expected);
  });

  it('gives reduced rows the variances it states, and a mean of zero', async () => {
    const rows = mixedRows(200, 12, 5);
    const model = await fitExact(await momentsOf(rows, 12), { components: 4 });
    const reduced = await transform(model, rows, 200);
    const { mean, covariance } = directCovariance(reduced, 4);
    expect(difference(mean, [0, 0, 0, 0])).toBeLessThan(1e-5);
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        const expected = i === j ? (model.explainedVariance[i] ?? 0) : 0;
        expect(Math.abs((covariance[i]?.[j] ?? 0) - expected)).toBeLessThan(1e-5 * (model.explainedVariance[0] ?? 0));
      }
    }
  });

  it('of equal rows gives equal bytes', async () => {
    const rows = mixedRows(300, 600, 12);
    const [one, two] = [
      await fitExact(await momentsOf(rows, 600), { components: 9 }),
      await fitExact(await momentsOf(rows, 600), { components: 9 }),
    ];
    expect(Buffer.compare(Buffer.from(one.axes.buffer), Buffer.from(two.axes.buffer))).toBe(0);
  });

  it('bears rows that vary in fewer directions than components are asked for', async () => {
    const rows = mixedRows(200, 600, 3).map((value) => Math.round(value * 4));
    const model = await fitExact(await momentsOf(rows, 600), { components: 40 });
    expect(model.axes.every(Number.isFinite)).toBe(true);
    const flat = Float32Array.from({ length: 100 * 600 }, (_, index) => Math.floor(index / 600) * ((index % 600) % 2));
    const one = await fitExact(await momentsOf(flat, 600), { components: 3 });
    expect(one.explainedVarianceRatio[0]).toBeCloseTo(1, 9);
  });

  it('refuses what cannot be fitted', async () => {
    const moments = await momentsOf(mixedRows(5, 8, 2), 8);
    await expect(fitExact(moments, { components: 6 })).rejects.toThrow(/min\(5, 8\), but is 6/);
    await expect(fitExact(moments, { components: 0 })).rejects.toThrow(UsageError);
    await expect(fitExact(moments, { variance: 1.5 })).rejects.toThrow(/at most 1, but is 1.5/);
    await expect(fitExact(new Moments(3), { components: 1 })).rejects.toThrow(/at least 2 rows/);
    await expect(fitExact(await momentsOf(new Float32Array(8).fill(2), 2), { components: 1 })).rejects.toThrow(
      /must not all be equal/,
    );
  });
});

describe('transform', () => {
  it('is the scores of the centred rows, over several blocks', async () => {
    const rows = mixedRows(1100, 6, 3);
    const model = await fitExact(await momentsOf(rows, 6), { components: 2 });
    const reduced = await transform(model, rows, 1100);
    for (const row of [0, 511, 512, 1099]) {
      for (let axis = 0; axis < 2; axis++) {
        let score = 0;
        for (let column = 0; column < 6; column++) {
          score += ((rows[row * 6 + column] ?? 0) - (model.mean[column] ?? 0)) * (model.axes[axis * 6 + column] ?? 0);
        }
        expect(Math.abs((reduced[row * 2 + axis] ?? 0) - score)).toBeLessThan(1e-4);
      }
    }
    await expect(transform(model, rows.subarray(0, 11), 2)).rejects.toMatchObject({ code: 'dimension' });
    await expect(transform(model, new Float32Array(12).fill(Number.NaN), 2)).rejects.toThrow(/row 0 must be finite/);
    expect((await transform(model, new Float32Array(0), 0)).length).toBe(0);
  });
});
