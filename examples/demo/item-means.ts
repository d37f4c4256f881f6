import { CommitStore } from '../../src/io/dataset/commit-store.ts';

/** The mean vector of each item of a dataset in one stream. */
export type ItemMeans = ReadonlyMap<string, Float32Array>;

/**
 * Means over all rows of each item's unit; items without the stream are left out.
 *
 * @throws UsageError `dataset` when the directory is not a dataset or a unit is damaged.
 */
export async function itemMeans(directory: string, stream: string): Promise<ItemMeans> {
  const store = await CommitStore.open(directory, { create: false });
  const means = new Map<string, Float32Array>();
  for (const { key } of await store.currentUnits()) {
    const unit = await store.read(key);
    const column = unit.columns.find((candidate) => candidate.stream === stream);
    if (column === undefined) continue;
    const mean = new Float64Array(column.dimension);
    for (const [at, value] of column.values.entries()) {
      const axis = at % column.dimension;
      mean[axis] = (mean[axis] as number) + value / unit.length;
    }
    means.set(unit.itemId, Float32Array.from(mean));
  }
  return means;
}
