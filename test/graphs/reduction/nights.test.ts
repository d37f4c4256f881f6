import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importFeatures } from '../../../src/graphs/import/import-features.ts';
import { prune } from '../../../src/graphs/prune.ts';
import { plannedReduction } from '../../../src/graphs/reduction/planned-reduction.ts';
import { reduce } from '../../../src/graphs/reduction/reduce.ts';
import { plannedPull } from '../../../src/graphs/weights/pull-weights.ts';
import { compact } from '../../../src/io/dataset/compact.ts';
import { Dataset } from '../../../src/io/dataset/dataset.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { plannedTables } from '../../../src/io/dataset/planned-tables.ts';
import { datasetItems } from '../../../src/io/dataset/status.ts';
import { keyOf, temporaryDirectory, unitTable } from '../../io/dataset/fixtures.ts';
import { duckdb } from '../../io/dataset/tables.ts';

const description = { graphId: 'feedfacefeedface', name: 'extraction', version: 1, params: {}, models: [] };

/** Commits units of items into a dataset: 2 subclips each, of values that the seed decides. */
async function night(directory: string, units: readonly (readonly [itemId: string, seed: number])[]): Promise<void> {
  const dataset = await Dataset.open(directory, description);
  for (const [itemId, seed] of units) await dataset.store.commit(keyOf(seed), unitTable({ itemId, seed }));
  await dataset.close();
}

/** Every file below a directory with its size and when it was last modified. */
function tree(below: string): unknown {
  return readdirSync(below, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeNs, size } = statSync(join(below, name), { bigint: true });
      return [name, mtimeNs, size];
    });
}

const rowsOf = async (directory: string) => {
  const found = await duckdb(
    `SELECT item_id, count(*)::INT AS rows FROM '${directory}/subclips=2/aggregate=mean/*.parquet' GROUP BY ALL ORDER BY ALL`,
  );
  return Object.fromEntries(found.map(({ item_id, rows }) => [item_id, rows]));
};

const storeIds = async (directory: string) => {
  const store = await ItemStore.open(directory);
  const ids = [...store.itemIds].sort();
  await store.close();
  return ids;
};

describe('reduce and compact, night after night', () => {
  it('take what is new, what was replaced and what was taken out, with the PCA of the first night', async () => {
    const place = await temporaryDirectory();
    const [features, out] = [join(place, 'features'), join(place, 'reduced')];
    const said: string[] = [];
    const tonight = () => reduce({ input: features, out, onMessage: (text) => void said.push(text) });
    await night(features, [
      ['alien', 1],
      ['heat', 2],
      ['jaws', 3],
    ]);
    const first = await reduce({ input: features, out, components: 2 });
    expect(first).toMatchObject({ items: 3, alreadyDone: 0, fittedRows: 6 });

    await night(features, [['rear', 4]]);
    expect(await tonight()).toMatchObject({ items: 4, alreadyDone: 3, fittedRows: 6, components: 2 });
    expect(said.join()).toContain('1 unit(s) are new since the last time');

    // Third night: heat has been replaced, jaws is taken out, bambi is new.
    await night(features, [
      ['heat', 5],
      ['bambi', 6],
    ]);
    await prune(features, { remove: ['jaws'] });
    const before = tree(place);
    expect(await plannedReduction({ input: features, out })).toMatchObject({
      ...{ fits: false, items: 2, alreadyDone: 2, takenOut: ['jaws'] },
    });
    expect(tree(place)).toEqual(before);
    expect(await tonight()).toMatchObject({ items: 4, alreadyDone: 2, fittedRows: 6 });
    expect(said.join()).toContain('1 item(s) that');
    const now = { alien: 2, bambi: 2, heat: 2, rear: 2 };
    expect(await rowsOf(out)).toEqual(now);
    expect(await storeIds(out)).toEqual(Object.keys(now));
    await compact(features);
    expect(await rowsOf(features)).toEqual(now);
    // A fourth night without news writes the same bytes.
    const store = statSync(join(out, '_training.arrow')).size;
    expect(await tonight()).toMatchObject({ items: 4, alreadyDone: 4 });
    expect(statSync(join(out, '_training.arrow')).size).toBe(store);
  });
});

describe('a reduced dataset', () => {
  it('knows where its items are from, and how many rows each stream has', async () => {
    const place = await temporaryDirectory();
    const [features, out] = [join(place, 'features'), join(place, 'reduced')];
    const dataset = await Dataset.open(features, description);
    const unit = unitTable({ itemId: 'heat', streams: { colour: 3 }, counts: [2, 3] });
    const counts = { colour: Int32Array.of(10, 11, 20, 21, 22) };
    await dataset.store.commit(keyOf(1), { ...unit, counts });
    (await dataset.store.items()).note('heat', {
      unit: keyOf(1),
      path: '/films/heat.mp4',
      hash: 'abc',
      fps: 25,
      more: { year: '1995' },
    });
    await dataset.close();
    await reduce({ input: features, out, column: 'colour', subclips: 3, components: 2 });
    const items: unknown[] = [];
    for await (const item of datasetItems(out)) items.push(item);
    expect(items).toEqual([
      expect.objectContaining({
        ...{ id: 'heat', state: 'committed', path: '/films/heat.mp4', hash: 'abc', fps: 25, more: { year: '1995' } },
        ...{ when: expect.stringMatching(/^20.*Z$/), version: expect.stringContaining('reelflow') },
      }),
    ]);
    const rows = await duckdb(`SELECT colour_rows FROM '${out}/subclips=3/aggregate=mean/*.parquet' ORDER BY subclip`);
    expect(rows.map(({ colour_rows }) => colour_rows)).toEqual([20, 21, 22]);
  });
});

describe('what only says what it would do', () => {
  it('writes nothing: a reduction, tables, an import, a download', async () => {
    const place = await temporaryDirectory();
    const [features, out] = [join(place, 'features'), join(place, 'reduced')];
    await night(features, [
      ['alien', 1],
      ['heat', 2],
    ]);
    writeFileSync(join(place, 'vectors.csv'), 'id,a,b\nalien,1,2\nheat,3,4\njaws,5,6\n');
    const before = tree(place);
    expect(await plannedReduction({ input: features, out })).toEqual({
      ...{ out, fits: true, items: 2, alreadyDone: 0, takenOut: [] },
      files: ['_pca/visual.safetensors', '_pca/visual.json', 'subclips=2/aggregate=mean/', '_training.arrow'],
    });
    await expect(plannedReduction({ input: features, out, column: 'text' })).rejects.toThrow("no stream 'text'");
    expect(await plannedTables(features)).toEqual({
      tables: [{ path: 'subclips=2/aggregate=mean', rows: 4 }],
      areOutOfDate: true,
    });
    const imported = await importFeatures([join(place, 'vectors.csv')], join(place, 'store', 'items.arrow'), {
      dryRun: true,
    });
    expect(imported).toMatchObject({ items: 3, streams: [{ name: 'vectors', dimension: 2 }] });
    const pull = plannedPull({ name: 'alexnet', directory: join(place, 'weights') });
    expect(pull).toMatchObject({ path: join(place, 'weights', 'alexnet'), from: expect.stringContaining('https://') });
    expect(existsSync(out)).toBe(false);
    expect(tree(place)).toEqual(before);
  });
});
