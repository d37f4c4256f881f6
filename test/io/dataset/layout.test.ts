import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';
import { pcaDescription } from '../../../src/graphs/reduction/pca-files.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../../src/io/dataset/dataset-file.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { isOldLayout, modernise, moderniseStepwise, partPath, pathNow } from '../../../src/io/dataset/layout.ts';
import { openTable } from '../../../src/io/dataset/table-reader.ts';
import { keyOf, temporaryDirectory, unitTable } from './fixtures.ts';

const description = { graphId: 'aaaa', name: 'extraction', version: 1, params: {}, models: [] };
const OLD = ['dataset.json', 'units', 'dead', 'index.txt', 'fingerprints.txt', 'calibration.json'];
const ITEMS = ['heat', 'alien', 'jaws'];

/** A dataset with units, a dead letter and tables. */
async function datasetIn(directory: string): Promise<void> {
  const dataset = await Dataset.open(directory, description);
  for (const [index, itemId] of ITEMS.entries()) await dataset.store.commit(keyOf(index), unitTable({ itemId }));
  const letter = { item: 'dark', code: 'truncated', stage: 'decode', message: 'ends early', decoderLines: [] };
  await dataset.store.record(keyOf(9), letter);
  await dataset.close();
  await compact(directory);
  await writeFile(join(directory, '_fingerprints.txt'), '\n1:2 3 4 hash\n');
  await writeFile(join(directory, '_calibration.json'), '{}');
}

/** The same under the names of version 1. */
async function oldDataset(): Promise<string> {
  const directory = join(await temporaryDirectory(), 'features');
  await datasetIn(directory);
  for (const name of OLD) await rename(join(directory, `_${name}`), join(directory, name));
  return directory;
}

/** What a dataset says to a reader. */
async function contentsOf(directory: string) {
  const store = await CommitStore.open(directory, { create: false });
  const units = await store.currentUnits();
  const items = units.map(({ facts }) => facts.itemId).sort();
  return {
    items,
    dead: (await store.letters()).map(({ letter }) => letter.item),
    counts: readDatasetFile(directory).counts,
  };
}

const all = async (directory: string) =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();

describe('what lies beside the tables', () => {
  test('is in names that readers of Parquet pass over: everything else is a part of a table', async () => {
    const directory = join(await temporaryDirectory(), 'features');
    await datasetIn(directory);
    const seen = (await all(directory)).filter((path) => !path.startsWith('_') && !path.startsWith('.'));
    expect(seen).toEqual(['subclips=2/aggregate=mean/part-00000.parquet']);
  });

  test('so that the directory itself is a table, here and in DuckDB', async () => {
    const directory = join(await temporaryDirectory(), 'features');
    await datasetIn(directory);
    const table = await openTable(directory);
    expect(table.schema.fields.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['item_id', 'subclips', 'aggregate']),
    );
    let rows = 0;
    for await (const { batch } of table.batches()) rows += batch.numRows;
    await table.close();
    expect(rows).toBe(2 * ITEMS.length);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const found = await connection.runAndReadAll(
      `SELECT count(*)::INT, count(DISTINCT item_id)::INT, any_value(subclips)::INT FROM read_parquet('${directory}/**/*.parquet', hive_partitioning = true)`,
    );
    expect(found.getRows()).toEqual([[6, 3, 2]]);
  });
});

describe('a reduction under its names of before', () => {
  const reduction = { ...description, graphId: 'bbbb', name: 'reduction' };

  async function oldReduction(): Promise<string> {
    const directory = join(await temporaryDirectory(), 'reduced');
    await (await Dataset.open(directory, reduction)).close();
    const shape = { subclips: 1, streams: [{ name: 'visual', dimension: 1 }] };
    const writer = await ItemStoreWriter.create(join(directory, 'items.arrow'), shape, {});
    await writer.add({ itemId: 'heat', vectors: { visual: Float32Array.of(7) } });
    await writer.close();
    await mkdir(join(directory, 'pca'));
    await writeFile(join(directory, 'pca', 'visual.json'), '{}');
    return directory;
  }

  async function storeAt(path: string): Promise<unknown> {
    const store = await ItemStore.open(path);
    const { vectors } = await store.read('heat');
    await store.close();
    return vectors.visual?.[0];
  }

  test('is read as it is, by the directory and by the names of today', async () => {
    const directory = await oldReduction();
    const before = await all(directory);
    for (const name of ['', 'items.arrow', '_training.arrow']) expect(await storeAt(join(directory, name))).toBe(7);
    expect(pcaDescription(directory, 'visual')).toBe(join(directory, 'pca', 'visual.json'));
    expect(await all(directory)).toEqual(before);
  });

  test('is given its new names by whatever writes to it, and is found by the old ones', async () => {
    const directory = await oldReduction();
    const said: string[] = [];
    await compact(directory, { onMessage: (message) => void said.push(message) });
    expect(said).toEqual([expect.stringContaining('items.arrow is now _training.arrow, pca is now _pca')]);
    expect(await all(directory)).toEqual(expect.arrayContaining(['_training.arrow', '_pca/visual.json']));
    for (const name of ['', 'items.arrow', '_training.arrow']) expect(await storeAt(join(directory, name))).toBe(7);
    expect(pathNow(join(directory, 'pca', 'visual.json'))).toBe(join(directory, '_pca', 'visual.json'));
  });

  test('can be left after any step, and what an older version writes later gives way', async () => {
    const directory = await oldReduction();
    await moderniseStepwise(directory).next();
    expect(await storeAt(directory)).toBe(7);
    expect(pcaDescription(directory, 'visual')).toBe(join(directory, 'pca', 'visual.json'));
    await modernise(directory);
    await writeFile(join(directory, 'items.arrow'), 'of an older version');
    await modernise(directory);
    expect(existsSync(join(directory, 'items.arrow'))).toBe(false);
    expect(await storeAt(directory)).toBe(7);
  });

  test('files of these names beside any other dataset are left alone', async () => {
    const directory = join(await temporaryDirectory(), 'features');
    await datasetIn(directory);
    await writeFile(join(directory, 'items.arrow'), 'mine');
    expect(isOldLayout(directory)).toBe(false);
    await compact(directory);
    expect(await readFile(join(directory, 'items.arrow'), 'utf8')).toBe('mine');
  });
});

describe('a dataset of version 1', () => {
  test('is read as it is, and nothing of it is written', async () => {
    const directory = await oldDataset();
    const before = await all(directory);
    const index = await readFile(join(directory, 'index.txt'));
    await writeFile(join(directory, 'index.txt'), '');
    expect(await contentsOf(directory)).toMatchObject({
      items: [...ITEMS].sort(),
      dead: ['dark'],
      counts: { videos: 3 },
    });
    expect(await all(directory)).toEqual(before);
    expect(await readFile(join(directory, 'index.txt'), 'utf8')).toBe('');
    await writeFile(join(directory, 'index.txt'), index);
  });

  test.each([
    ['a run', async (directory: string) => (await Dataset.open(directory, description)).close()],
    ['compact', (directory: string) => compact(directory)],
  ])('is given its new names by %s, and has what it had', async (_, write) => {
    const directory = await oldDataset();
    const before = await contentsOf(directory);
    await write(directory);
    expect((await readdir(directory)).filter((name) => OLD.includes(name))).toEqual([]);
    expect(await contentsOf(directory)).toEqual(before);
    expect(await readFile(join(directory, '_fingerprints.txt'), 'utf8')).toContain('hash');
    expect(existsSync(join(directory, '_calibration.json'))).toBe(true);
    expect(await modernise(directory)).toBeUndefined();
  });

  test('says so once, in one line', async () => {
    const directory = await oldDataset();
    const said: string[] = [];
    for (let run = 0; run < 2; run += 1) await compact(directory, { onMessage: (message) => void said.push(message) });
    expect(said).toEqual([
      expect.stringMatching(/^[^\n]*dataset.json is now _dataset.json, units is now _units[^\n]*$/),
    ]);
  });

  test('can be left after any step: it is read the same, and the next writer does the rest', async () => {
    const expected = await contentsOf(await oldDataset());
    for (let steps = 0; steps <= OLD.length; steps += 1) {
      const directory = await oldDataset();
      const work = moderniseStepwise(directory);
      for (let step = 0; step < steps; step += 1) await work.next();
      expect(isOldLayout(directory)).toBe(steps < OLD.length);
      expect(await contentsOf(directory)).toEqual(expected);
      // What knows the old names only takes a dataset that is begun upon for none, rather than for
      // one without units.
      expect(existsSync(join(directory, 'dataset.json'))).toBe(steps === 0);
      await (await Dataset.open(directory, description)).close();
      expect(isOldLayout(directory)).toBe(false);
      expect(await contentsOf(directory)).toEqual(expected);
    }
  });

  test('what is written under the old names later is joined', async () => {
    const directory = await oldDataset();
    const other = await oldDataset();
    await modernise(directory);
    for (const name of ['units', 'dead']) await cp(join(other, name), join(directory, name), { recursive: true });
    await writeFile(join(directory, 'fingerprints.txt'), '5:6 7 8 other\n');
    const store = await CommitStore.open(await temporaryDirectory());
    await store.commit(keyOf(5), unitTable({ itemId: 'psycho' }));
    const shard = keyOf(5).slice(0, 2);
    await mkdir(join(directory, 'units', shard), { recursive: true });
    await cp(store.unitPath(keyOf(5)), join(directory, 'units', shard, `${keyOf(5)}.arrow`));
    await (await Dataset.open(directory, description)).close();
    expect(await contentsOf(directory)).toMatchObject({ items: [...ITEMS, 'psycho'].sort(), dead: ['dark'] });
    expect((await readFile(partPath(directory, 'fingerprints'), 'utf8')).match(/hash|other/g)).toEqual([
      'hash',
      'other',
    ]);
  });
});
