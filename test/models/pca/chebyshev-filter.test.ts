import { describe, expect, it } from 'vitest';
import { fitExact } from '../../../src/models/pca/exact.ts';
import { IncrementalPca } from '../../../src/models/pca/incremental.ts';
import { axesDifference, difference, mixedRows, momentsOf } from './helpers.ts';

describe('filtered subspace iteration', () => {
  it('finds what the direct solution finds, though the last wanted stand in a crowd', async () => {
    const [dimension, count, components] = [560, 700, 60];
    const rows = mixedRows(count, dimension, 90);
    const exact = await fitExact(await momentsOf(rows, dimension), { components });
    // More than three quarters of the dimension are computed directly.
    const direct = await fitExact(await momentsOf(rows, dimension), { components: 420 });
    expect(
      difference(exact.explainedVarianceRatio, direct.explainedVarianceRatio.subarray(0, components)),
    ).toBeLessThan(1e-6);
    const captured = (ratios: Float64Array) => ratios.subarray(0, components).reduce((sum, ratio) => sum + ratio, 0);
    expect(captured(direct.explainedVarianceRatio) - captured(exact.explainedVarianceRatio)).toBeLessThan(1e-6);
    const leading = 20 * dimension;
    expect(axesDifference(exact.axes.subarray(0, leading), direct.axes.subarray(0, leading), dimension)).toBeLessThan(
      1e-5,
    );
  });

  it('serves the incremental algorithm on batches too tall and too wide for the direct solution', async () => {
    const [dimension, count, components] = [520, 1100, 12];
    const rows = mixedRows(count, dimension, 20);
    const pca = new IncrementalPca({ components, batchSize: count });
    await pca.partialFit(rows, count);
    const exact = await fitExact(await momentsOf(rows, dimension), { components });
    expect(axesDifference(pca.current().axes, exact.axes, dimension)).toBeLessThan(1e-5);
    const wide = new IncrementalPca({ components });
    await wide.partialFit(rows.subarray(0, 550 * 1000), 550);
    const exactWide = await fitExact(await momentsOf(rows.subarray(0, 550 * 1000), 1000), { components });
    expect(axesDifference(wide.current().axes, exactWide.axes, 1000)).toBeLessThan(1e-5);
  });
});
