import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { type SmallDisk, smallDisk } from '../../fixtures/small-disk.ts';
import { keyOf, unitTable } from './fixtures.ts';
import { readVectors } from './tables.ts';

const disk = smallDisk();
const description = { graphId: 'g', name: 'extraction', params: {}, models: [] };

afterAll(() => disk?.remove());

/** Half-written files; a dataset that is open has a mark of its own. */
async function temporaries(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.includes('.tmp-') && !name.endsWith('~open'));
}

describe.skipIf(disk === undefined)('a full disk (skipped where no file system can be mounted)', () => {
  test('ends a commit with a typed error, leaves no half a unit, and the same commit succeeds once there is room', async () => {
    const directory = join((disk as SmallDisk).path, 'commits');
    const dataset = await Dataset.open(directory, description);
    await dataset.store.commit(keyOf(0), unitTable({ itemId: 'a', streams: { visual: 4096 }, counts: [10] }));
    const filler = join((disk as SmallDisk).path, 'filler');
    await (disk as SmallDisk).fill(filler, 40_000);
    const unit = unitTable({ itemId: 'b', streams: { visual: 4096 }, counts: [10] });
    await expect(dataset.store.commit(keyOf(1), unit)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(directory),
      remedy: /Make room/,
    });
    expect(await dataset.store.keys()).toEqual([keyOf(0)]);
    expect(await temporaries(directory)).toEqual([]);
    await unlink(filler);
    expect(await dataset.store.commit(keyOf(1), unit)).toBe('committed');
  });

  test('ends compaction with a typed error, leaves the old tables and nothing half-written', async () => {
    const directory = join((disk as SmallDisk).path, 'tables');
    const dataset = await Dataset.open(directory, description);
    for (const [index, itemId] of ['c', 'd', 'e'].entries()) {
      const unit = unitTable({ itemId, streams: { visual: 2048 }, counts: [10], seed: index + 1 });
      await dataset.store.commit(keyOf(10 + index), unit);
      if (index === 0) await compact(directory);
    }
    const table = join(directory, 'subclips=10/aggregate=mean');
    const before = await readVectors(table, { columns: ['visual'] });
    const filler = join((disk as SmallDisk).path, 'filler');
    await (disk as SmallDisk).fill(filler, 100_000);
    await expect(compact(directory)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(table),
    });
    expect(await temporaries(directory)).toEqual([]);
    expect((await readVectors(table, { columns: ['visual'] })).rows).toEqual(before.rows);
    expect(readDatasetFile(directory).tables[0]?.items).toBe(1);
    await unlink(filler);
    await compact(directory);
    expect((await readVectors(table, { columns: ['visual'] })).rows).toHaveLength(30);
  });
});
