import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prune } from '../../src/graphs/prune.ts';
import type { ReduceSummary } from '../../src/graphs/reduction/reduce-options.ts';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { compact } from '../../src/io/dataset/compact.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { ItemStore } from '../../src/io/dataset/item-store.ts';
import { openTable } from '../../src/io/dataset/table-reader.ts';
import { vectorsOf } from '../../src/io/dataset/vector-column.ts';
import { transform } from '../../src/models/pca/fitted-pca.ts';
import { decodePca } from '../../src/models/pca/pca-file.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { keyOf, temporaryDirectory, type UnitShape, unitTable } from '../io/dataset/fixtures.ts';

const models = (weightsHash: string) => [{ stream: 'visual', name: 'tiny', cardHash: 'c0', weightsHash, random: true }];

/** A dataset of made-up features: 2 subclips of each item. */
async function makeFeatures(
  directory: string,
  items: readonly string[],
  shape: Omit<UnitShape, 'itemId'> = {},
  weightsHash = 'w0',
): Promise<void> {
  const description = {
    graphId: 'feedfacefeedface',
    name: 'extraction',
    version: 1,
    params: {},
    models: models(weightsHash),
  };
  const dataset = await Dataset.open(directory, description);
  for (const [index, itemId] of items.entries()) {
    await dataset.store.commit(keyOf(index), unitTable({ seed: index + 1, ...shape, itemId }));
  }
  await dataset.close();
}

const items = Array.from({ length: 12 }, (_, index) => `item-${index}`);

async function reduce(args: readonly string[]): Promise<ReduceSummary> {
  const { code, stdout, stderr } = await callReelflow(['reduce', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as ReduceSummary;
}

async function refusal(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await callReelflow(['reduce', ...args]);
  expect(code, stdout).toBe(2);
  return stderr;
}

describe('reelflow reduce', () => {
  it('turns a dataset into a reduced one with its PCA, its tables and the training store, and finds them again', async () => {
    const place = await temporaryDirectory();
    const [features, out] = [join(place, 'features'), join(place, 'reduced')];
    await makeFeatures(features, items);
    const summary = await reduce([features, '--out', out, '--components', '3']);
    expect(summary).toMatchObject({ dimension: 6, components: 3, rows: 24, fittedRows: 24, rowsWithout: 0, items: 12 });
    expect(summary.explainedVarianceRatio).toHaveLength(3);
    expect(summary.varianceKept).toBeGreaterThan(0.5);
    expect(summary.varianceKept).toBeLessThan(1);

    const { pca, facts } = decodePca(
      readFileSync(join(out, '_pca/visual.safetensors')),
      readFileSync(join(out, '_pca/visual.json'), 'utf8'),
    );
    expect(Array.from(pca.explainedVarianceRatio)).toEqual(summary.explainedVarianceRatio);
    expect(facts).toMatchObject({ column: 'visual', aggregate: 'mean', graph: 'feedfacefeedface' });
    expect(facts.models).toContain('w0');

    const store = await ItemStore.open(out);
    expect([...store.itemIds].sort()).toEqual([...items].sort());
    expect(store.shape).toEqual({
      subclips: 2,
      streams: [
        { name: 'visual', dimension: 3 },
        { name: 'audio', dimension: 3 },
      ],
    });
    const source = unitTable({ itemId: 'item-4', seed: 5 });
    const visual = source.columns[0]?.values as Float32Array;
    const { vectors } = await store.read('item-4');
    expect(vectors.visual).toEqual(await transform(pca, visual, 2));
    expect(vectors.audio).toEqual(source.columns[1]?.values);
    await store.close();

    const table = await openTable(join(out, 'subclips=2/aggregate=mean'));
    let rows = 0;
    for await (const { batch, file, firstRow } of table.batches()) {
      expect(vectorsOf(batch, 'visual', { file, firstRow }).dimension).toBe(3);
      rows += batch.numRows;
    }
    await table.close();
    expect(rows).toBe(24);

    const bytes = readFileSync(join(out, '_training.arrow'));
    const again = await reduce([features, '--out', out, '--components', '3']);
    expect(again).toMatchObject({ graphId: summary.graphId, alreadyDone: 12, rows: 24, items: 12 });
    expect(readFileSync(join(out, '_training.arrow')).equals(bytes)).toBe(true);
  });

  it('reduces what is new the second night with the PCA of the first, and says how to fit again', async () => {
    const place = await temporaryDirectory();
    const [features, out] = [join(place, 'features'), join(place, 'reduced')];
    await makeFeatures(features, items.slice(0, 10));
    const first = await reduce([features, '--out', out, '--components', '3']);
    await makeFeatures(features, items);
    for (const [index, how] of [['--components', '3'], [], ['--algorithm', 'exact']].entries()) {
      const { code, stdout, stderr } = await callReelflow(['reduce', features, '--out', out, ...how, '--json']);
      expect(code, stderr).toBe(0);
      const expected = { graphId: first.graphId, components: 3, fittedRows: 20, items: 12 };
      expect(JSON.parse(stdout)).toMatchObject({ ...expected, alreadyDone: index === 0 ? 10 : 12 });
      if (index === 0)
        expect(stderr).toMatch(/2 unit\(s\) are new .* fitted to 20 rows .*name another directory \(`--out`\)/);
      else expect(stderr).not.toContain('new');
    }
    const other = await refusal([features, '--out', out, '--components', '4']);
    expect(other).toMatch(
      /reduction to 3 components \(exact\).*\n.*Name another directory \(`--out`\).*leave out `--components`/,
    );
    expect(await reduce([features, '--out', join(place, 'again'), '--components', '3'])).toMatchObject({
      fittedRows: 24,
    });
  });

  it('takes out what the dataset has no more', async () => {
    const place = await temporaryDirectory();
    const [features, out] = [join(place, 'features'), join(place, 'reduced')];
    await makeFeatures(features, items);
    await reduce([features, '--out', out, '--components', '3']);
    await prune(features, { remove: ['item-4'] });
    expect(await reduce([features, '--out', out])).toMatchObject({ items: 11, rows: 22 });
    const left = await (await CommitStore.open(out, { create: false })).currentUnits();
    expect(left.map(({ facts }) => facts.itemId)).not.toContain('item-4');
  });

  it('keeps 95 % of the variance unless told otherwise', async () => {
    const place = await temporaryDirectory();
    await makeFeatures(join(place, 'features'), items);
    const summary = await reduce([join(place, 'features'), '--out', join(place, 'reduced')]);
    expect(summary.varianceKept).toBeGreaterThanOrEqual(0.95);
    const shares = summary.explainedVarianceRatio;
    expect(summary.varianceKept - (shares.at(-1) as number)).toBeLessThan(0.95);
  });

  it('reduces new items with a fitted PCA, and refuses one of other weights or another length', async () => {
    const place = await temporaryDirectory();
    const model = join(place, 'reduced/_pca/visual.json');
    await makeFeatures(join(place, 'features'), items);
    await reduce([join(place, 'features'), '--out', join(place, 'reduced'), '--components', '2']);
    await makeFeatures(join(place, 'more'), ['new'], { seed: 99 });
    const summary = await reduce([join(place, 'more'), '--out', join(place, 'more-reduced'), '--model', model]);
    expect(summary).toMatchObject({ components: 2, fittedRows: 24, rows: 2, items: 1 });
    const store = await ItemStore.open(join(place, 'more-reduced'));
    const fitted = decodePca(readFileSync(model.replace('.json', '.safetensors')), readFileSync(model, 'utf8')).pca;
    const visual = unitTable({ itemId: 'new', seed: 99 }).columns[0]?.values as Float32Array;
    expect((await store.read('new')).vectors.visual).toEqual(await transform(fitted, visual, 2));
    await store.close();

    await makeFeatures(join(place, 'other'), ['new'], {}, 'w1');
    const hash = await refusal([join(place, 'other'), '--out', join(place, 'x'), '--model', model]);
    expect(hash).toMatch(/networks.*w0.*w1[\s\S]*\[hash\]/);
    await makeFeatures(join(place, 'wide'), ['new'], { streams: { visual: 7 } });
    const shape = await refusal([join(place, 'wide'), '--out', join(place, 'x'), '--model', model]);
    expect(shape).toMatch(/6 values.*7[\s\S]*\[shape\]/);
    expect(existsSync(join(place, 'x'))).toBe(false);
    writeFileSync(model, readFileSync(model, 'utf8').slice(0, -20));
    expect(await refusal([join(place, 'more'), '--out', join(place, 'x'), '--model', model])).toContain(model);
  });

  it('asks which table is meant where a dataset has several, and reduces that one', async () => {
    const place = await temporaryDirectory();
    const features = join(place, 'features');
    await makeFeatures(features, items, { counts: [2, 4], statistics: ['mean', 'medmad'] });
    const asked = await refusal([features, '--out', join(place, 'x')]);
    expect(asked).toContain('--subclips 4 --statistic medmad');
    const summary = await reduce([
      ...[features, '--out', join(place, 'reduced'), '--subclips', '4', '--statistic', 'medmad'],
      ...['--components', '5'],
    ]);
    expect(summary).toMatchObject({ dimension: 12, components: 5, rows: 48 });
    expect(await refusal([features, '--out', join(place, 'x'), '--subclips', '3'])).toContain(
      'does not have this table',
    );
    const wrong = await refusal([
      features,
      '--out',
      join(place, 'x'),
      '--subclips',
      '4',
      '--statistic',
      'mean',
      '--column',
      'colour',
    ]);
    expect(wrong).toContain('visual, audio');
  });

  it('items without a stream come along without it, and such rows are not part of the fit', async () => {
    const place = await temporaryDirectory();
    const features = join(place, 'features');
    await makeFeatures(features, items);
    const store = await CommitStore.open(features);
    await store.commit(keyOf(100), unitTable({ itemId: 'radio', streams: { audio: 3 } }));
    const summary = await reduce([features, '--out', join(place, 'reduced'), '--components', '2']);
    expect(summary).toMatchObject({ fittedRows: 24, rows: 26, rowsWithout: 2, items: 13 });
    const again = await reduce([features, '--out', join(place, 'reduced'), '--components', '2']);
    expect(again).toMatchObject({ rows: 26, rowsWithout: 2, alreadyDone: 13 });
    const items13 = await ItemStore.open(join(place, 'reduced'));
    expect((await items13.read('radio')).vectors.visual).toBeUndefined();
    await items13.close();
  });

  it('`--column none` writes the training store of the features as they are', async () => {
    const place = await temporaryDirectory();
    await makeFeatures(join(place, 'features'), items);
    const summary = await reduce([join(place, 'features'), '--out', join(place, 'out'), '--column', 'none']);
    expect(summary).toMatchObject({ items: 12, explainedVarianceRatio: [] });
    expect(existsSync(join(place, 'out/_pca'))).toBe(false);
    const store = await ItemStore.open(join(place, 'out'));
    expect((await store.read('item-0')).vectors.visual).toEqual(
      unitTable({ itemId: 'item-0', seed: 1 }).columns[0]?.values,
    );
    await store.close();
  });

  it('reduces a column of any Parquet table, keeping the other columns', async () => {
    const place = await temporaryDirectory();
    await makeFeatures(join(place, 'features'), items);
    await compact(join(place, 'features'));
    const part = join(place, 'features/subclips=2/aggregate=mean/part-00000.parquet');
    const out = join(place, 'out');
    const exact = await reduce([part, '--out', out, '--components', '3']);
    expect(exact).toMatchObject({
      dimension: 6,
      components: 3,
      rows: 24,
      files: expect.arrayContaining(['reduced.parquet']),
    });
    const dataset = await reduce([join(place, 'features'), '--out', join(place, 'dataset'), '--components', '3']);
    expect(exact.explainedVarianceRatio).toEqual(dataset.explainedVarianceRatio);
    expect(await refusal([part, '--out', out, '--components', '2'])).toContain('reduced.parquet');
    const [reduced, table] = [
      await openTable(join(out, 'reduced.parquet')),
      await openTable(join(place, 'dataset/subclips=2/aggregate=mean')),
    ];
    const read = async (of: typeof reduced) => {
      const values: number[] = [];
      const ids: unknown[] = [];
      for await (const { batch, file, firstRow } of of.batches()) {
        values.push(...vectorsOf(batch, 'visual', { file, firstRow }).values);
        for (let row = 0; row < batch.numRows; row += 1) ids.push(batch.getChild('item_id')?.get(row));
      }
      await of.close();
      return { values, ids };
    };
    expect(await read(reduced)).toEqual(await read(table));
    const incremental = await reduce([
      ...[part, '--out', join(place, 'incremental'), '--components', '3', '--algorithm', 'incremental'],
    ]);
    expect(incremental.algorithm).toBe('incremental');
    expect(incremental.varianceKept).toBeGreaterThan(0.9 * exact.varianceKept);
  });

  it('refuses what cannot be meant, naming file and remedy', async () => {
    const place = await temporaryDirectory();
    const features = join(place, 'features');
    await makeFeatures(features, items);
    await compact(features);
    const part = join(features, 'subclips=2/aggregate=mean/part-00000.parquet');
    const out = ['--out', join(place, 'out')];
    expect(await refusal([features, ...out, '--components', '7'])).toContain('components');
    expect(await refusal([features, ...out, '--components', '2', '--variance', '0.9'])).toContain('both');
    expect(await refusal([features, ...out, '--variance', '1.5'])).toContain('1.5');
    expect(await refusal([features, ...out, '--algorithm', 'incremental'])).toContain('components');
    expect(await refusal([part, ...out, '--column', 'nothing'])).toContain('item_id');
    expect(await refusal([part, ...out, '--column', 'item_id'])).toContain('not a list');
    expect(await refusal([join(place, 'gone.parquet'), ...out])).toContain('gone.parquet');
    expect(await refusal([features, '--out', features])).toContain('extraction');
    const cut = join(place, 'cut.parquet');
    writeFileSync(cut, readFileSync(part).subarray(0, 900));
    expect(await refusal([cut, ...out])).toContain('cut.parquet');
    expect(existsSync(join(place, 'out'))).toBe(false);
  });
});
