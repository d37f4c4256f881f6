import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { joinRows } from '../../../src/io/dataset/join.ts';
import { keyOf, temporaryDirectory, unitRows, unitTable } from './fixtures.ts';

const description = {
  graphId: 'aaaa',
  name: 'extraction',
  version: 1,
  params: { visual: { name: 'alexnet', weights: 'ff' }, subclips: [10], statistics: ['mean'] },
  models: [{ name: 'alexnet', weightsHash: 'ff', card: { mean: [1, 2] } }],
};

/** Files that this process has open; Linux lists them. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      // The one that the list was read with is gone.
      return [];
    }
  });
}

describe('a dataset', () => {
  test('is made where nothing is, and says what made it', async () => {
    const directory = join(await temporaryDirectory(), 'deep', 'features');
    const dataset = await Dataset.open(directory, description);
    await dataset.close();
    expect((await readdir(directory)).sort()).toEqual(['_dataset.json', '_dead', '_items.arrow', '_units']);
    expect(readDatasetFile(directory)).toMatchObject({
      ...description,
      format: 'reelflow-dataset',
      formatVersion: 2,
      software: expect.stringMatching(/^reelflow \d/),
      counts: { videos: 0 },
      tables: [],
    });
  });

  test('is opened again by the same graph, and its units name the graph and the networks', async () => {
    const directory = await temporaryDirectory();
    const first = await Dataset.open(directory, description);
    await first.store.commit(keyOf(0), unitTable({ itemId: 'heat' }));
    const again = await Dataset.open(directory, description);
    const { metadata } = await again.store.read(keyOf(0));
    expect(metadata.graph).toBe('aaaa');
    expect(JSON.parse(metadata.models ?? '')).toEqual([{ name: 'alexnet', weightsHash: 'ff' }]);
  });

  test('of another graph is refused, saying what differs, options by their names', async () => {
    const directory = await temporaryDirectory();
    await Dataset.open(directory, description);
    const params = { visual: { name: 'alexnet', weights: 'ee' }, subclips: [10], statistics: ['mean'], sampling: 2 };
    const failure = await Dataset.open(directory, { ...description, graphId: 'bbbb', params }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as UsageError).message).toBe(
      `${directory} holds a dataset that was made differently: \`visual.weights\` was "ff" and is now "ee"; \`fps\` was missing and is now 2`,
    );
    expect((failure as UsageError).remedy).toContain('another output directory');
  });

  test('is not made in a folder that has other files, but in one that a killed run began', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, '_units'));
    await writeFile(join(directory, '.tmp-somebody~1~1~aa'), 'half');
    await Dataset.open(directory, description);

    const foreign = await temporaryDirectory();
    await writeFile(join(foreign, 'holiday.jpg'), 'x');
    await expect(Dataset.open(foreign, description)).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringContaining("'holiday.jpg'"),
    });
    expect(await readdir(foreign)).toEqual(['holiday.jpg']);
  });

  test('tells how many other processes have it open, and leaves no mark', async () => {
    const directory = await temporaryDirectory();
    const first = await Dataset.open(directory, description);
    const second = await Dataset.open(directory, description);
    expect([first.others, second.others]).toEqual([0, 1]);
    await first.close();
    await second.release();
    // A process that is long dead.
    await writeFile(join(directory, `.tmp-${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}~4999999~1~00~open`), '');
    const third = await Dataset.open(directory, description);
    expect(third.others).toBe(0);
    await third.close();
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each(['close', 'leave', 'release'] as const)(
    'is open no more after a `%s` of which a step fails',
    async (end) => {
      const directory = await temporaryDirectory();
      const dataset = await Dataset.open(directory, description);
      const items = await dataset.store.items();
      items.note('heat', { state: 'partial' });
      await items.flush();
      expect(items.get('heat')?.state).toBe('partial');
      const journal = join(directory, '_journal.txt');
      expect(openFiles()).toContain(journal);
      await writeFile(join(directory, '_dataset.json'), '{');
      if (end === 'release') await dataset.release();
      else await expect(dataset[end]()).rejects.toMatchObject({ code: 'damaged' });
      expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(openFiles()).not.toContain(journal);
    },
  );

  test('counts its units in any order to the same bytes', async () => {
    const partial = joinRows({
      itemId: 'cut',
      rows: unitRows({ itemId: 'cut', streams: { visual: 2 } }),
      seconds: 0.1,
      verdict: { verdict: 'partial', reason: 'truncated' },
    });
    const tables = [
      partial,
      ...['a', 'b', 'c'].map((itemId) => ({
        ...unitTable({ itemId }),
        metadata: { seconds: '0.3', frames: '7', patches: '2' },
      })),
    ];
    const written: string[] = [];
    for (const order of [
      [0, 1, 2, 3],
      [3, 1, 0, 2],
    ]) {
      const directory = await temporaryDirectory();
      const dataset = await Dataset.open(directory, description);
      for (const index of order) await dataset.store.commit(keyOf(index), tables[index] as (typeof tables)[0]);
      await dataset.close();
      written.push(await readFile(join(directory, '_dataset.json'), 'utf8'));
    }
    expect(written[0]).toBe(written[1]);
    const { counts } = JSON.parse(written[0] as string);
    expect(counts).toMatchObject({ videos: 4, frames: 33, patches: 6, partial: 1, without: { audio: 1, visual: 0 } });
    expect(counts.videoSeconds).toBeCloseTo(1, 12);
  });

  test('of a newer format, or a damaged one, is named', async () => {
    const directory = await temporaryDirectory();
    await Dataset.open(directory, description);
    const path = join(directory, '_dataset.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"formatVersion": 2', '"formatVersion": 3'));
    await expect(Dataset.open(directory, description)).rejects.toThrow('version 3');
    await writeFile(path, '{');
    await expect(Dataset.open(directory, description)).rejects.toThrow(path);
    await rm(path);
    await Dataset.open(directory, description);
  });

  test('opened by two graphs at the same moment belongs to one of them', async () => {
    const directory = await temporaryDirectory();
    const results = await Promise.allSettled(
      ['aaaa', 'bbbb'].map((graphId) => Dataset.open(directory, { ...description, graphId })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
