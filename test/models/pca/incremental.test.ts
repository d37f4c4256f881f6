import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { fitExact } from '../../../src/models/pca/exact.ts';
import { type Pca, transform } from '../../../src/models/pca/fitted-pca.ts';
import { IncrementalPca } from '../../../src/models/pca/incremental.ts';
import { axesDifference, difference, hasReference, mixedRows, momentsOf, reference, referenceRows } from './helpers.ts';

const skipped = hasReference ? '' : ' (skipped: ../shared is absent)';

async function inBatches(
  rows: Float32Array,
  dimension: number,
  components: number,
  batches: readonly number[],
): Promise<Pca> {
  const pca = new IncrementalPca({ components });
  let first = 0;
  for (const count of batches) {
    await pca.partialFit(rows.subarray(first * dimension, (first + count) * dimension), count);
    first += count;
  }
  return pca.current();
}

describe('incremental PCA', () => {
  it.skipIf(!hasReference)(`meets scikit-learn's fit in batches of 60 to 1e-5${skipped}`, async () => {
    const { batch60: expected } = reference();
    const rows = referenceRows();
    const pca = new IncrementalPca({ components: 5, batchSize: 60 });
    await pca.add(rows, 240);
    const model = await pca.finish();
    expect(axesDifference(model.axes, expected.components.flat(), 16)).toBeLessThan(1e-5);
    expect(difference(model.mean, expected.mean)).toBeLessThan(1e-5);
    expect(difference(model.explainedVariance, expected.explained_variance)).toBeLessThan(1e-5);
    expect(difference(model.explainedVarianceRatio, expected.explained_variance_ratio)).toBeLessThan(1e-5);
    const reduced = await transform(model, rows, 3);
    const turned = (values: ArrayLike<number>) => Array.from(values, Math.abs);
    expect(difference(turned(reduced), turned(expected.transform_first3.flat()))).toBeLessThan(1e-5);
  });

  it.skipIf(!hasReference)(
    `meets scikit-learn's partial fits of 7, 73, 120 and 40 rows to 1e-5${skipped}`,
    async () => {
      const { uneven_batches_7_73_120_40: expected } = reference();
      const model = await inBatches(referenceRows(), 16, 5, [7, 73, 120, 40]);
      expect(axesDifference(model.axes, expected.components.flat(), 16)).toBeLessThan(1e-5);
      const singular = model.explainedVariance.map((variance) => Math.sqrt(variance * 239));
      expect(difference(singular, expected.singular_values)).toBeLessThan(1e-5);
    },
  );

  it.each([
    [23, 10, 4, [10, 13]],
    [24, 10, 4, [10, 10, 4]],
    [20, 10, 4, [10, 10]],
    [9, 10, 4, [9]],
    [14, 10, 4, [10, 4]],
    [13, 10, 4, [13]],
  ])(
    'cuts %i rows into batches of %i for %i components as scikit-learn does: %j',
    async (count, batchSize, components, batches) => {
      const rows = mixedRows(count, 6, 5);
      const streamed = new IncrementalPca({ components, batchSize });
      for (let row = 0; row < count; row += 3) {
        const some = Math.min(3, count - row);
        await streamed.add(rows.subarray(row * 6, (row + some) * 6), some);
      }
      const model = await streamed.finish();
      expect(model).toEqual(await inBatches(rows, 6, components, batches));
    },
  );

  it('of one batch is the exact PCA, for rows that are wider than many and many than wide', async () => {
    for (const [count, dimension] of [
      [30, 50],
      [200, 12],
    ] as const) {
      const rows = mixedRows(count, dimension, 6);
      const model = await inBatches(rows, dimension, 4, [count]);
      const exact = await fitExact(await momentsOf(rows, dimension), { components: 4 });
      expect(axesDifference(model.axes, exact.axes, dimension)).toBeLessThan(1e-5);
      expect(difference(model.explainedVarianceRatio, exact.explainedVarianceRatio)).toBeLessThan(1e-8);
      expect(Math.abs(model.totalVariance / exact.totalVariance - 1)).toBeLessThan(1e-8);
    }
  });

  it('knows the exact total variance and mean after many batches', async () => {
    const rows = mixedRows(120, 7, 5);
    const model = await inBatches(rows, 7, 3, [30, 50, 40]);
    const exact = await fitExact(await momentsOf(rows, 7), { components: 3 });
    expect(Math.abs(model.totalVariance / exact.totalVariance - 1)).toBeLessThan(1e-9);
    expect(difference(model.mean, exact.mean)).toBeLessThan(1e-6);
  });

  it('refuses what scikit-learn refuses, and waiting rows', async () => {
    const pca = new IncrementalPca({ components: 3, batchSize: 5 });
    expect(() => pca.current()).toThrow(/at least 2 rows/);
    await expect(pca.partialFit(new Float32Array(8), 2)).rejects.toThrow(/min\(2, 4\), but is 3/);
    await expect(new IncrementalPca({ components: 3 }).add(new Float32Array(8), 4)).rejects.toThrow(/but is 3/);
    await pca.add(mixedRows(4, 4, 2), 4);
    expect(() => pca.current()).toThrow(/4 rows wait/);
    await expect(pca.partialFit(mixedRows(4, 4, 2), 4)).rejects.toThrow(/mixed/);
    await expect(pca.add(mixedRows(4, 5, 2), 4)).rejects.toMatchObject({ code: 'dimension' });
    await expect(pca.add(new Float32Array(4).fill(Number.NaN), 1)).rejects.toThrow(/row 4 must be finite/);
    expect((await pca.finish()).rows).toBe(4);
    expect(() => new IncrementalPca({ components: 3, batchSize: 2 })).toThrow(UsageError);
  });
});
