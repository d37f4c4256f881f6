import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir, statfs, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { keyOf, unitTable } from './fixtures.ts';
import { readVectors } from './tables.ts';

/** A file system of 4 MB in memory, which root alone may mount. */
function smallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-full-'));
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'ignore' });
    return disk;
  } catch {
    rmSync(directory, { recursive: true });
    return undefined;
  }
}

const disk = process.platform === 'linux' ? smallDisk() : undefined;
const description = { graphId: 'g', name: 'extraction', params: {}, models: [] };

afterAll(() => {
  if (disk === undefined) return;
  execFileSync('umount', [disk]);
  rmSync(join(disk, '..'), { recursive: true });
});

async function fill(path: string, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk as string);
  await writeFile(path, new Uint8Array(Math.max(0, bavail * bsize - left)));
}

/** Half-written files; a dataset that is open has a mark of its own. */
async function temporaries(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.includes('.tmp-') && !name.endsWith('~open'));
}

describe.skipIf(disk === undefined)('a full disk (skipped where no file system can be mounted)', () => {
  test('ends a commit with a typed error, leaves no half a unit, and the same commit succeeds once there is room', async () => {
    const directory = join(disk as string, 'commits');
    const dataset = await Dataset.open(directory, description);
    await dataset.store.commit(keyOf(0), unitTable({ itemId: 'a', streams: { visual: 4096 }, counts: [10] }));
    const filler = join(disk as string, 'filler');
    await fill(filler, 40_000);
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
    const directory = join(disk as string, 'tables');
    const dataset = await Dataset.open(directory, description);
    for (const [index, itemId] of ['c', 'd', 'e'].entries()) {
      const unit = unitTable({ itemId, streams: { visual: 2048 }, counts: [10], seed: index + 1 });
      await dataset.store.commit(keyOf(10 + index), unit);
      if (index === 0) await compact(directory);
    }
    const table = join(directory, 'subclips=10/aggregate=mean');
    const before = await readVectors(table, { columns: ['visual'] });
    const filler = join(disk as string, 'filler');
    await fill(filler, 100_000);
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
